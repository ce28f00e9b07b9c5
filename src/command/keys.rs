//! Keys as people write them (`ctrl-r`, `shift-g`, `/`) and as terminals send them, made one.

use crokey::{KeyCombination, KeyCombinationFormat, OneToThree};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key(KeyCombination);

impl Key {
    /// Reads `ctrl-r`, `shift-g`, `space`, `/`. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.parse::<KeyCombination>()
            .map(|key| Self(even(key)))
            .map_err(|_| format!("`{text}` is not a key; write it like ctrl-r, shift-g, f5, space or /"))
    }

    /// The character it types, when it types one.
    pub fn character(self) -> Option<char> {
        match self.0 {
            KeyCombination { codes: OneToThree::One(KeyCode::Char(c)), modifiers }
                if (modifiers - KeyModifiers::SHIFT).is_empty() =>
            {
                Some(c)
            }
            _ => None,
        }
    }

    /// The event a terminal would send.
    pub fn event(self) -> KeyEvent {
        self.0.into()
    }

    /// As help shows it: `ctrl-r`, `G`, `/`.
    pub fn show(self) -> String {
        KeyCombinationFormat::default()
            .with_lowercase_modifiers()
            .with_implicit_shift()
            .to_string(self.0)
            .to_lowercase_names()
    }
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        Self(even(event.into()))
    }
}

/// The same key is sent differently: `?` with and without shift, `ctrl-\` as `ctrl-4`.
fn even(mut key: KeyCombination) -> KeyCombination {
    if let OneToThree::One(KeyCode::Char(c)) = &mut key.codes {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            *c = match *c {
                '4' => '\\',
                '5' => ']',
                '7' => '_',
                c => c.to_ascii_lowercase(),
            };
        }
        if !c.is_alphabetic() {
            key.modifiers -= KeyModifiers::SHIFT;
        }
    }
    key
}

/// crokey writes `Esc`, `PageUp`; here keys are written small, but for single letters.
trait SmallNames {
    fn to_lowercase_names(self) -> String;
}

impl SmallNames for String {
    fn to_lowercase_names(self) -> String {
        match self.rsplit_once('-') {
            _ if self.chars().count() == 1 => self,
            Some((modifiers, last)) if last.chars().count() == 1 => format!("{}-{last}", modifiers.to_lowercase()),
            _ => self.to_lowercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_shown_as_they_are_written() {
        for (written, shown) in [
            ("ctrl-r", "ctrl-r"),
            ("shift-g", "G"),
            ("/", "/"),
            ("esc", "esc"),
            ("space", "space"),
            ("ctrl-\\", "ctrl-\\"),
        ] {
            assert_eq!(Key::parse(written).expect(written).show(), shown);
        }
    }

    #[test]
    fn what_terminals_send_is_what_people_write() {
        let sent = |code, modifiers| Key::from(KeyEvent::new(code, modifiers));
        let key = |text: &str| Key::parse(text).expect(text);
        assert_eq!(sent(KeyCode::Char('?'), KeyModifiers::SHIFT), key("?"));
        assert_eq!(sent(KeyCode::Char('?'), KeyModifiers::NONE), key("?"));
        assert_eq!(sent(KeyCode::Char('4'), KeyModifiers::CONTROL), key("ctrl-\\"));
        assert_eq!(sent(KeyCode::Char('G'), KeyModifiers::NONE), key("shift-g"));
        assert_eq!(sent(KeyCode::Char(' '), KeyModifiers::CONTROL), key("ctrl-space"));
        assert_eq!(sent(KeyCode::BackTab, KeyModifiers::SHIFT), key("backtab"));
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        assert!(Key::parse("ctrl-nonsense").is_err_and(|message| message.contains("ctrl-r")));
    }
}
