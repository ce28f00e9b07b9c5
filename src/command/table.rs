//! The entries, in the order of the help.

use super::{Context, Spec};
use crate::model::store::TableId;

const LOGGED: &[TableId] = &[
    TableId::Pods,
    TableId::PodContainers,
    TableId::Containers,
    TableId::Workloads,
    TableId::Jobs,
    TableId::Units,
    TableId::Nodes,
];
const CLUSTERED: &[TableId] =
    &[TableId::Pods, TableId::Workloads, TableId::Jobs, TableId::ClusterNodes, TableId::Events];
const INSPECTED: &[TableId] =
    &[TableId::Pods, TableId::Workloads, TableId::Jobs, TableId::ClusterNodes, TableId::Events, TableId::Containers];
const EVENTFUL: &[TableId] =
    &[TableId::Pods, TableId::Workloads, TableId::Jobs, TableId::ClusterNodes, TableId::Containers];

/// Declares [`Command`] and [`SPECS`] together, so that neither can have an entry the other lacks.
macro_rules! commands {
    ($($variant:ident $id:literal [$($key:literal),*] $context:ident $on:expr, $argument:literal, $rank:literal $hint:literal: $doc:literal)*) => {
        /// Something a person can ask the console to do.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Command { $(#[doc = $doc] $variant,)* }

        /// Every command.
        pub const SPECS: &[Spec] = &[$(Spec {
            command: Command::$variant,
            id: $id,
            hint: $hint,
            doc: $doc,
            keys: &[$($key),*],
            context: Context::$context,
            on: $on,
            argument: $argument,
            rank: $rank,
        },)*];
    };
}

commands! {
    Filter "filter" ["/"] Table &[], "EXPR", 27 "filter": "Show only matching rows; esc clears."
    Palette "palette" [":"] Anywhere &[], "", 61 "command": "Run any command by name, or go to a table by its name."
    Help "help" ["?"] Anywhere &[], "", 62 "help": "Show what every key does here."
    Back "back" ["esc", "q"] Anywhere &[], "", 1 "back": "Clear the filter, or go back: to the page before, or to where a link led from; never quits."
    Quit "quit" [] Anywhere &[], "", 0 "quit": "End the console."
    Interrupt "interrupt" ["ctrl-c"] Anywhere &[], "", 0 "cancel": "Cancel what is in progress; twice in a row quits."
    Tab "tab" [] Anywhere &[], "NUMBER", 0 "tab": "Go to a tab; its number is its key."
    NextTab "next-tab" ["tab"] Anywhere &[], "", 0 "next tab": "Go to the next tab."
    PreviousTab "previous-tab" ["backtab"] Anywhere &[], "", 0 "previous tab": "Go to the previous tab."
    Sources "sources" ["ctrl-o"] Anywhere &[], "", 0 "sources": "List every source with its state and what failed."
    Messages "messages" ["ctrl-g"] Anywhere &[], "", 0 "messages": "Show what ronde reported, newest last."
    Theme "theme" [] Anywhere &[], "NAME", 0 "theme": "Use another theme at once."
    Mouse "mouse" ["m"] Anywhere &[], "", 0 "mouse": "Give the mouse to the terminal or take it back, so that text can be selected."
    Zoom "zoom" ["z"] Anywhere &[], "", 0 "zoom": "Use the whole screen for what is in front."
    Lock "lock" [] Anywhere &[], "", 0 "lock": "Make this console read-only."
    Unlock "unlock" [] Anywhere &[], "", 0 "unlock": "Return to what your role allows."
    RefreshAll "refresh-all" ["ctrl-r"] Anywhere &[], "", 0 "refresh all": "Draw the screen anew and rebuild every view."

    Down "down" ["j", "down"] Table &[], "", 0 "down": "Go one row down."
    Up "up" ["k", "up"] Table &[], "", 0 "up": "Go one row up."
    First "first" ["g", "home"] Table &[], "", 0 "first": "Go to the first row."
    Last "last" ["shift-g", "end"] Table &[], "", 0 "last": "Go to the last row."
    PageDown "page-down" ["ctrl-d", "pagedown", "ctrl-f"] Table &[], "", 0 "page down": "Go down half a page."
    PageUp "page-up" ["ctrl-u", "pageup", "ctrl-b"] Table &[], "", 0 "page up": "Go up half a page."
    ColumnsLeft "columns-left" ["left"] Table &[], "", 0 "left": "Scroll the columns to the left."
    ColumnsRight "columns-right" ["right"] Table &[], "", 0 "right": "Scroll the columns to the right."
    Drill "drill" ["enter"] Table &[], "", 5 "open": "Open what the row is made of; from a finding, go to its row."
    Details "details" ["i", "d"] Table &[], "", 20 "info": "Show all there is to know of the row."
    Logs "logs" ["l"] Table LOGGED, "", 10 "logs": "Follow the logs of the row, or of every marked row, merged by time."
    PreviousLogs "previous-logs" ["p"] Table &[TableId::Pods, TableId::PodContainers], "", 0 "previous": "Show the logs of the previous run of the containers."
    Yaml "yaml" ["y"] Table INSPECTED, "", 25 "yaml": "Show the object as its API gives it; secrets are masked until v."
    Events "events" ["e"] Table EVENTFUL, "", 0 "events": "Show the events about the row."
    Related "related" [">"] Table &[], "", 0 "related": "List what belongs to the row elsewhere: node, workload, pods, events."
    Lens "lens" ["v"] Table &[], "NAME", 30 "lens": "Look at the same things another way."
    Sort "sort" ["o"] Table &[], "FIELD", 40 "sort": "Sort by a field; again: the other way round. A capital letter sorts by the column it begins; pressed on, by the next such column."
    OnlyWrong "only-wrong" ["ctrl-z"] Table &[], "", 35 "only wrong": "Show only what is degraded or broken."
    Freeze "freeze" ["shift-p"] Table &[], "", 0 "freeze": "Hold the view still; again: let it go on."
    Mark "mark" ["space"] Table &[], "", 50 "mark": "Mark the row, or take the mark back."
    MarkRange "mark-range" ["ctrl-space"] Table &[], "", 0 "mark range": "Mark every row from the last mark to here."
    ClearMarks "clear-marks" ["ctrl-\\"] Table &[], "", 0 "clear marks": "Take all marks back."
    Copy "copy" ["c"] Table &[], "", 0 "copy": "Copy the names of the row, or of every marked row, to your clipboard (OSC 52)."
    SaveView "save-view" ["ctrl-s"] Table &[], "", 0 "save view": "Keep this table's filter and sort for next time."
    Refresh "refresh" ["r"] Table &[], "", 0 "refresh": "Rebuild this view now."
    Namespace "namespace" [] Table CLUSTERED, "NAME", 0 "namespace": "Show only this namespace."

    TextDown "text-down" ["j", "down"] Text &[], "", 0 "down": "Scroll one line down."
    TextUp "text-up" ["k", "up"] Text &[], "", 0 "up": "Scroll one line up."
    TextFirst "text-first" ["g", "home"] Text &[], "", 0 "top": "Go to the top."
    TextLast "text-last" ["shift-g", "end"] Text &[], "", 0 "bottom": "Go to the bottom."
    TextPageDown "text-page-down" ["ctrl-d", "pagedown", "ctrl-f", "space"] Text &[], "", 0 "page down": "Scroll down half a page."
    TextPageUp "text-page-up" ["ctrl-u", "pageup", "ctrl-b"] Text &[], "", 0 "page up": "Scroll up half a page."
    TextSearch "text-search" ["/"] Text &[], "TEXT", 10 "search": "Find text."
    TextNext "text-next" ["n"] Text &[], "", 11 "next": "Go to the next place found."
    TextPrevious "text-previous" ["shift-n"] Text &[], "", 0 "previous": "Go to the previous place found."
    Reveal "reveal" ["v"] Text &[], "", 5 "secrets": "Show masked values, or mask them again; leaving the page masks them too."
    TextCopy "text-copy" ["c"] Text &[], "", 30 "copy": "Copy the whole text to your clipboard (OSC 52) as it is shown: masked values stay masked."
    TextReload "text-reload" ["r"] Text &[], "", 40 "reload": "Ask again."

    LogDown "log-down" ["j", "down"] Logs &[], "", 0 "down": "Scroll one line down."
    LogUp "log-up" ["k", "up"] Logs &[], "", 0 "up": "Scroll one line up; following stops."
    LogFirst "log-first" ["g", "home"] Logs &[], "", 0 "top": "Go to the oldest line."
    LogLast "log-last" ["shift-g", "end"] Logs &[], "", 0 "bottom": "Go to the newest line and follow."
    LogPageDown "log-page-down" ["ctrl-d", "pagedown", "ctrl-f", "space"] Logs &[], "", 0 "page down": "Scroll down half a page."
    LogPageUp "log-page-up" ["ctrl-u", "pageup", "ctrl-b"] Logs &[], "", 0 "page up": "Scroll up half a page."
    LogFollow "log-follow" ["f"] Logs &[], "", 10 "follow": "Follow new lines, or hold still."
    LogSearch "log-search" ["/"] Logs &[], "TEXT", 11 "search": "Find text in the lines."
    LogNext "log-next" ["n"] Logs &[], "", 12 "next": "Go to the next line found."
    LogPrevious "log-previous" ["shift-n"] Logs &[], "", 0 "previous": "Go to the previous line found."
    LogOnlyFound "log-only-found" ["ctrl-z"] Logs &[], "", 13 "only found": "Show only lines with what was searched for."
    LogPreviousRun "log-previous-run" ["p"] Logs &[], "", 20 "previous run": "Logs of the containers' previous run, or of this one."
    LogSince "log-since" ["o"] Logs &[], "DURATION", 21 "since": "Only lines not older than this; ALL for all of them."
    LogTimes "log-times" ["t"] Logs &[], "", 22 "times": "Show when each line was written, or hide it."
    LogWrap "log-wrap" ["w"] Logs &[], "", 23 "wrap": "Wrap long lines, or cut them."
    LogJson "log-json" ["v"] Logs &[], "", 24 "json": "Read JSON lines: level, message, then the other fields; or raw."
    LogSave "log-save" ["ctrl-s"] Logs &[], "FILE", 30 "save": "Write the lines to a file."
    LogCopy "log-copy" ["c"] Logs &[], "", 31 "copy": "Copy the lines on screen to your clipboard (OSC 52)."
}
