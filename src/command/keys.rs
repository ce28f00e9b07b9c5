//! Keys as people write them (`ctrl-r`, `shift-g`, `/`) and as terminals send them, made one.

use std::borrow::Cow;

use crokey::{KeyCombination, KeyCombinationFormat, OneToThree};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Key(KeyCombination);

impl Key {
    /// Reads `ctrl-r`, `shift-g`, `space`, `/`. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        // `G` as help shows it is `shift-g`; with ctrl a terminal sends no difference.
        let (modifiers, last) = text.rsplit_once('-').map_or(("", text), |(modifiers, last)| (modifiers, last));
        let mut letter = last.chars();
        let capital = letter.next().filter(|c| c.is_ascii_uppercase() && letter.next().is_none());
        let written = match capital {
            Some(c) if !modifiers.contains("ctrl") => {
                let modifiers = if modifiers.is_empty() { String::new() } else { format!("{modifiers}-") };
                Cow::Owned(format!("{modifiers}shift-{}", c.to_ascii_lowercase()))
            }
            _ => Cow::Borrowed(text),
        };
        written
            .parse::<KeyCombination>()
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
    if key.codes == OneToThree::One(KeyCode::BackTab) {
        key.modifiers |= KeyModifiers::SHIFT;
    }
    if let OneToThree::One(KeyCode::Char(c)) = &mut key.codes {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            *c = match *c {
                '4' => '\\',
                '5' => ']',
                '7' => '_',
                c => c.to_ascii_lowercase(),
            };
            key.modifiers -= KeyModifiers::SHIFT;
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in any::<String>()) {
            let _ = Key::parse(&text);
        }

        #[test]
        fn what_help_shows_can_be_written_in_the_configuration(
            code in prop_oneof![
                proptest::char::range('!', '~').prop_map(KeyCode::Char),
                prop::sample::select(vec![
                    KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Backspace, KeyCode::Delete,
                    KeyCode::Home, KeyCode::End, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Up, KeyCode::Down,
                    KeyCode::Left, KeyCode::Right, KeyCode::Insert, KeyCode::F(5), KeyCode::Char(' '),
                ]),
            ],
            modifiers in prop::sample::select(vec![
                KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::ALT, KeyModifiers::CONTROL | KeyModifiers::ALT,
            ]),
        ) {
            let key = Key::from(KeyEvent::new(code, modifiers));
            prop_assert_eq!(Key::parse(&key.show()), Ok(key), "{}", key.show());
        }
    }
}
