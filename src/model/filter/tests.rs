//! The filter language over pods, containers and nodes.

use proptest::prelude::*;

use super::*;
use crate::model::{
    fixtures::{ago, cluster, now, pod, put},
    key::SourceId,
    rows::{ContainerRow, NodeRow},
    store::{RowSet, Store, TableId},
};

/// Four pods: `web-1` well, `web-2` crashing and hungry, `api-1` not ready and known by little, `Batch-1` completed.
fn store() -> Store {
    let mut store = Store::default();
    let mut web1 = pod("eqiad", "mw-web", "web-1");
    web1.cpu = Some(250);
    web1.memory = Some(1 << 30);
    let mut web2 = pod("eqiad", "mw-web", "web-2");
    web2.status = "CrashLoopBackOff".into();
    (web2.restarts, web2.ready, web2.containers_total) = (12, 7, 8);
    (web2.cpu, web2.memory) = (Some(1200), Some(3 << 30));
    web2.created = Some(ago(600));
    web2.labels = [("app".into(), "web".into()), ("tier".into(), "front".into())].into();
    let mut api = pod("codfw", "mw-api", "api-1");
    (api.ready, api.node, api.labels) = (0, None, [].into());
    let mut batch = pod("codfw", "batch", "Batch-1");
    (batch.status, batch.ready) = ("Completed".into(), 0);
    put(&mut store, &cluster("eqiad"), RowSet::Pods(vec![web1, web2]));
    put(&mut store, &cluster("codfw"), RowSet::Pods(vec![api, batch]));
    store
}

/// Names of the pods that pass, in slot order; the error's text where there is one.
fn pods(filter: &str) -> String {
    let store = store();
    names(&store, filter)
}

fn names(store: &Store, filter: &str) -> String {
    let rows = store.rows(TableId::Pods);
    let filter = match Filter::parse(filter, rows) {
        Ok(filter) => filter,
        Err(error) => return format!("{}: {}", error.at, error),
    };
    let passing = (0..rows.slot_count()).filter(|&slot| filter.matches(rows, slot, now()));
    passing.filter_map(|slot| store.pods.at(slot)).map(|pod| pod.name.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn plain_text_is_looked_for_in_every_text_as_typed() {
    assert_eq!(pods(""), "web-1 web-2 api-1 Batch-1");
    assert_eq!(pods("WEB-"), "web-1 web-2 api-1 Batch-1", "the owner has it");
    assert_eq!(pods("batch-1"), "Batch-1");
    assert_eq!(pods("crash"), "web-2");
    assert_eq!(pods("mw-web web-1"), "", "one text, not two");
    assert_eq!(pods("registry.example.org/web:1"), "web-1 web-2 api-1 Batch-1", "no field is called so");
    assert_eq!(pods("!mw-"), "Batch-1");
    assert_eq!(pods("!!mw-"), "web-1 web-2 api-1");
    assert_eq!(pods("\"restarts>3\""), "", "quotes make a query text");
}

#[test]
fn a_query_begins_with_a_field_and_an_operator() {
    assert_eq!(pods("cpu>500m and (ns:mw-* or restarts>=3) and not status:Running"), "web-2");
    assert_eq!(pods("CPU <= 0.25"), "web-1");
    assert_eq!(pods("ns:web"), "web-1 web-2");
    assert_eq!(pods("ns=web"), "");
    assert_eq!(pods("ns=MW-WEB restarts=12"), "web-2", "and may be left out");
    assert_eq!(pods("ns!=mw-web"), "api-1 Batch-1");
    assert_eq!(pods("ns!:mw-*"), "Batch-1");
    assert_eq!(pods("(ns:batch) or NOT (cluster:eqiad)"), "api-1 Batch-1");
    assert_eq!(pods("not cluster:eqiad and ns:mw"), "api-1");
    assert_eq!(pods("restarts>=0 batch"), "Batch-1", "a word without a field is looked for everywhere");
    assert_eq!(pods("memory>2Gi"), "web-2");
    assert_eq!(pods("age>5m age<1h"), "web-2");
    assert_eq!(pods("age>=24h"), "web-1 api-1 Batch-1");
    assert_eq!(pods("!restarts>0"), "web-1 api-1 Batch-1");
    assert_eq!(pods("restarts>0 or cluster:codfw and ns:batch"), "web-2 Batch-1", "and binds closer");
    assert_eq!(pods("status:\"Crash Loop\""), "");
}

#[test]
fn fractions_compare_as_written_or_by_their_share() {
    assert_eq!(pods("ready=7/8"), "web-2");
    assert_eq!(pods("ready<1"), "web-2 api-1 Batch-1");
    assert_eq!(pods("ready<50%"), "api-1 Batch-1");
    assert_eq!(pods("ready>=1"), "web-1");
    assert_eq!(pods("ready:0/1"), "api-1 Batch-1");
}

#[test]
fn what_is_not_known_matches_only_unknown() {
    assert_eq!(pods("cpu=unknown"), "api-1 Batch-1");
    assert_eq!(pods("node:–"), "api-1");
    assert_eq!(pods("cpu!=unknown"), "web-1 web-2");
    assert_eq!(pods("cpu<1 or cpu>=1"), "web-1 web-2");
    assert_eq!(pods("cpu!=5"), "web-1 web-2");
    assert_eq!(pods("not cpu>1"), "web-1 api-1 Batch-1");
    assert_eq!(pods("cpu>unknown"), "4: what is unknown has no order; write = or !=");
}

#[test]
fn labels_are_selected_as_kubectl_does() {
    assert_eq!(pods("-l app=web"), "web-1 web-2 Batch-1");
    assert_eq!(pods("-l app=web,tier!=front"), "web-1 Batch-1");
    assert_eq!(pods("-l tier"), "web-2");
    assert_eq!(pods("-l !tier, app"), "web-1 Batch-1");
    assert_eq!(pods("!-l app"), "api-1");
    assert_eq!(pods("-l app!=db"), "web-1 web-2 api-1 Batch-1", "without the label too");
    assert!(pods("-l app=web, =x").starts_with("12: labels are written"));
    assert!(pods("-l").starts_with("2: labels are written"));
}

#[test]
fn fuzzy_finds_letters_in_order_and_ranks() {
    assert_eq!(pods("-f bt1"), "Batch-1");
    assert_eq!(pods("-f crlp"), "web-2");
    let store = store();
    let rows = store.rows(TableId::Pods);
    let filter = Filter::parse("-f web1", rows).expect("a filter");
    assert!(filter.score(rows, 0).expect("web-1 fits") > filter.score(rows, 1).unwrap_or(0));
    assert_eq!(pods("-f "), "2: -f needs the letters to look for");
}

#[test]
fn errors_say_where_and_what_would_be_right() {
    for (filter, error) in [
        ("cpu>500m and statsu:x", "13: pods have no field statsu; did you mean status?"),
        ("memroy>2Gi", "0: pods have no field memroy; did you mean memory?"),
        ("cpu>much", "4: cpu takes cores, like 1.5 or 500m, not much"),
        ("  cpu>", "6: cpu> needs a value"),
        ("status>Running", "0: status is text; it takes = != : or !:"),
        ("ready<total", "6: ready takes a fraction, like 7/8, or a share, like 1 or 50%, not total"),
        ("(cpu>1", "0: this ( is not closed"),
        ("cpu>1)", "5: this ) closes nothing"),
        ("cpu>1 and", "9: something must follow here"),
        ("cpu>1 and ()", "11: something must stand before this )"),
        ("ns:\"mw", "3: this quote is not closed"),
        ("!ns:'mw", "4: this quote is not closed"),
    ] {
        assert_eq!(pods(filter), error, "{filter}");
    }
    let deep = format!("{}cpu>1{}", "(".repeat(65), ")".repeat(65));
    assert!(pods(&deep).contains("deeper than 64"));
    let allowed = format!("{}cpu>1{}", "(".repeat(64), ")".repeat(64));
    assert_eq!(pods(&allowed), "web-2");
}

#[test]
fn other_tables_have_other_fields() {
    let mut store = Store::default();
    let mut running = ContainerRow::unknown(&"lab".into(), "1", "web");
    running.oom_killed = Some(true);
    running.cpu = Some(80.0);
    put(&mut store, &SourceId::new("docker", "lab"), RowSet::Containers(vec![running]));
    let mut node = NodeRow::unknown("h1");
    node.load = Some([10.5, 1.0, 1.0]);
    put(&mut store, &SourceId::new("host", "h1"), RowSet::Nodes(vec![node]));
    let passes = |table, filter: &str| {
        let rows = store.rows(table);
        Filter::parse(filter, rows).map(|filter| filter.matches(rows, 0, now()))
    };
    assert_eq!(passes(TableId::Containers, "oom=yes cpu>=80%"), Ok(true));
    assert_eq!(passes(TableId::Containers, "oom:no"), Ok(false));
    assert_eq!(passes(TableId::Nodes, "load>9"), Ok(true), "a number printed in a form of its own");
    assert_eq!(passes(TableId::Nodes, "load<9"), Ok(false));
    assert!(passes(TableId::Nodes, "cpu-history>1").is_err());
}

#[test]
fn long_filters_are_read_in_one_pass() {
    let words = "cpu>1 or ".repeat(20_000) + "cpu>1";
    assert_eq!(pods(&words), "web-2");
    assert_eq!(pods(&"!".repeat(100_001)), "web-1 web-2 api-1 Batch-1");
    assert!(pods(&format!("cpu>1 {}", "not ".repeat(100_000))).contains("deeper than 64"));
}

/// Texts near the grammar, so that most of them parse.
fn near_grammar() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("cpu>500m".to_owned()),
        Just("ns:mw-*".to_owned()),
        Just("status != Running".to_owned()),
        Just("ready<1".to_owned()),
        Just("node=unknown".to_owned()),
        Just("age>5m".to_owned()),
        Just("restarts>=3".to_owned()),
        Just("\"a \\\" b\"".to_owned()),
        Just("name:'x y'".to_owned()),
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just("and".to_owned()),
        Just("OR".to_owned()),
        Just("not".to_owned()),
        Just("!".to_owned()),
        Just("-l".to_owned()),
        Just("app=web".to_owned()),
        Just("-f".to_owned()),
        "[a-z1é\"'\\\\:=<>]{0,4}",
    ];
    proptest::collection::vec(piece, 0..9).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_filter_or_an_error_inside_it(text in prop_oneof![any::<String>(), near_grammar()]) {
        let store = store();
        if let Err(error) = Filter::parse(&text, store.rows(TableId::Pods)) {
            prop_assert!(error.at <= text.len() && text.is_char_boundary(error.at), "{error:?}");
            prop_assert!(!error.message.contains('\n') || text.contains('\n'));
            prop_assert!(error.message.len() < 200);
        }
    }

    #[test]
    fn what_is_printed_means_the_same(text in prop_oneof![any::<String>(), near_grammar()]) {
        let store = store();
        if let Ok(filter) = Filter::parse(&text, store.rows(TableId::Pods)) {
            let printed = filter.to_string();
            let again = Filter::parse(&printed, store.rows(TableId::Pods));
            prop_assert!(again.is_ok(), "{printed}: {again:?}");
            prop_assert_eq!(again.unwrap_or_default().to_string(), printed.clone());
            prop_assert_eq!(names(&store, &text), names(&store, &printed));
        }
    }

    #[test]
    fn an_inverted_filter_passes_exactly_the_others(text in near_grammar()) {
        let store = store();
        let rows = store.rows(TableId::Pods);
        if let (Ok(plain), Ok(inverted)) = (Filter::parse(&text, rows), Filter::parse(&format!("!{text}"), rows))
            && !plain.is_empty()
        {
            for slot in 0..rows.slot_count() {
                prop_assert_ne!(plain.matches(rows, slot, now()), inverted.matches(rows, slot, now()));
            }
        }
    }
}
