//! Colours: a theme is a file of roles; the code names roles, never colours.

use std::{collections::BTreeMap, path::Path};

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

/// Declares the roles once: for the file's keys, the struct and the tests.
macro_rules! roles {
    ($($name:ident $doc:literal)*) => {
        /// What a theme gives a style to.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct Theme { $(#[doc = $doc] pub $name: Style,)* }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Roles { $($name: Paint,)* }

        impl Theme {
            fn of(roles: &Roles) -> Result<Self, String> {
                Ok(Self { $($name: roles.$name.style().map_err(|why| format!("{}: {why}", stringify!($name)))?,)* })
            }

            /// Every role with its name.
            pub fn roles(&self) -> Vec<(&'static str, Style)> {
                vec![$((stringify!($name), self.$name),)*]
            }

            /// The same roles without colour: only what every terminal can show.
            #[must_use]
            pub fn without_color(&self) -> Self {
                let plain = |style: Style| {
                    let mut plain = Style::new().add_modifier(style.add_modifier);
                    if style.bg.is_some_and(|bg| bg != Color::Reset && Some(bg) != self.text.bg) {
                        plain = plain.add_modifier(Modifier::REVERSED);
                    }
                    plain
                };
                Self { $($name: plain(self.$name),)* }
            }
        }
    };
}

roles! {
    text "Ordinary text."
    dim "Finished, unimportant."
    accent "Names and headings."
    good "Running, ready."
    warn "Soon or partly a problem."
    bad "A problem."
    bar "The header."
    tab "The tab in front, in the header."
    badge "The role, in the header."
    demo "The mark of a simulated fleet."
    title "The title."
    column "Headers of columns."
    selection "The selected row."
    mark "Marked rows."
    stale "Rows of a source that is not current."
    ghost "Rows that are gone."
    key "A key in the hint line."
    hint "The hint line."
    prompt "The input line."
    found "What was searched for."
    chart "Sparklines and charts."
    menu "A menu."
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    roles: Roles,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[allow(clippy::struct_excessive_bools)] // the file's keys, one a modifier
struct Paint {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
    crossed_out: bool,
}

impl Paint {
    fn style(&self) -> Result<Style, String> {
        let mut style = Style::new();
        if let Some(name) = &self.fg {
            style = style.fg(color(name)?);
        }
        if let Some(name) = &self.bg {
            style = style.bg(color(name)?);
        }
        for (on, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
            (self.crossed_out, Modifier::CROSSED_OUT),
        ] {
            if on {
                style = style.add_modifier(modifier);
            }
        }
        Ok(style)
    }
}

/// A colour by its name of the 16, `default`, or `#rrggbb`.
pub fn color(name: &str) -> Result<Color, String> {
    if name == "default" {
        return Ok(Color::Reset);
    }
    name.parse().map_err(|_| format!("`{name}` is not a colour; write one of the 16 names, default or #rrggbb"))
}

/// The theme of those who choose none.
pub const DEFAULT: &str = BUILT_IN[0].0;

/// The themes that come with ronde.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("dark", include_str!("../themes/dark.toml")),
    ("light", include_str!("../themes/light.toml")),
    ("high-contrast", include_str!("../themes/high-contrast.toml")),
];

/// Why a theme cannot be used: the file and what is wrong in it.
#[derive(Debug, thiserror::Error)]
#[error("theme {name}: {why}")]
pub struct Error {
    name: String,
    why: String,
}

impl Theme {
    /// Reads the text of a theme file.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let error = |why: String| Error { name: name.to_owned(), why };
        let file: File = toml::from_str(text).map_err(|why| error(why.to_string().trim().replace('\n', " ")))?;
        Self::of(&file.roles).map_err(error)
    }
}

/// Themes by name.
#[derive(Clone, Debug)]
pub struct Themes(BTreeMap<String, Theme>);

impl Themes {
    /// The built-in ones, and the file at `path` when the configuration names one.
    pub fn load(path: Option<&Path>) -> Result<Self, Error> {
        let mut themes = BTreeMap::new();
        for (name, text) in BUILT_IN {
            themes.insert(name.to_owned(), Theme::parse(name, text)?);
        }
        if let Some(path) = path {
            let name = path.display().to_string();
            let text =
                std::fs::read_to_string(path).map_err(|why| Error { name: name.clone(), why: why.to_string() })?;
            themes.insert(name.clone(), Theme::parse(&name, &text)?);
        }
        Ok(Self(themes))
    }

    /// The theme of this name; plain text when there is none.
    pub fn get(&self, name: &str) -> Option<&Theme> {
        self.0.get(name)
    }

    /// All names.
    pub fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What xterm shows for the 16 names.
    fn rgb(color: Color) -> Option<(u8, u8, u8)> {
        Some(match color {
            Color::Black => (0, 0, 0),
            Color::Red => (205, 0, 0),
            Color::Green => (0, 205, 0),
            Color::Yellow => (205, 205, 0),
            Color::Blue => (0, 0, 238),
            Color::Magenta => (205, 0, 205),
            Color::Cyan => (0, 205, 205),
            Color::Gray => (229, 229, 229),
            Color::DarkGray => (76, 76, 76),
            Color::LightRed => (255, 95, 95),
            Color::LightGreen => (0, 255, 0),
            Color::LightYellow => (255, 255, 0),
            Color::LightBlue => (92, 92, 255),
            Color::LightMagenta => (255, 0, 255),
            Color::LightCyan => (0, 255, 255),
            Color::White => (255, 255, 255),
            Color::Rgb(r, g, b) => (r, g, b),
            _ => return None,
        })
    }

    /// Contrast ratio by WCAG 2.1, 1 to 21.
    fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
        let channel = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let luminance = |(r, g, b): (u8, u8, u8)| 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_theme_can_be_read_and_every_role_stands_out_from_its_ground() {
        for (name, text) in BUILT_IN {
            let theme = Theme::parse(name, text).expect(name);
            let ground = if name == "light" { (255, 255, 255) } else { (0, 0, 0) };
            for (role, style) in theme.roles() {
                let bg = style.bg.and_then(rgb).unwrap_or(ground);
                let fg = style.fg.and_then(rgb).unwrap_or(if name == "light" { (0, 0, 0) } else { (255, 255, 255) });
                let wanted = if name == "high-contrast" { 7.0 } else { 4.5 };
                let found = contrast(fg, bg);
                assert!(found >= wanted, "{name}: {role} has contrast {found:.1}, wanted {wanted}");
            }
        }
    }

    #[test]
    fn without_colour_what_has_a_ground_is_reversed() {
        for (name, text) in BUILT_IN {
            let plain = Theme::parse(name, text).expect(name).without_color();
            for (role, style) in plain.roles() {
                assert!(style.fg.is_none() && style.bg.is_none(), "{name}: {role}");
            }
            assert!(plain.selection.add_modifier.contains(Modifier::REVERSED), "{name}");
            assert!(!plain.text.add_modifier.contains(Modifier::REVERSED), "{name}");
        }
    }

    #[test]
    fn a_wrong_theme_says_what_is_wrong() {
        let missing = Theme::parse("mine", "[roles]\ntext = {}").expect_err("roles are missing");
        assert!(missing.to_string().contains("missing field"), "{missing}");
        let wrong = BUILT_IN[0].1.replace("\"light-cyan\"", "\"lite-cyan\"");
        assert!(Theme::parse("mine", &wrong).expect_err("no colour").to_string().contains("lite-cyan"));
    }

    proptest! {
        #[test]
        fn no_theme_file_makes_reading_panic(text in any::<String>(), value in any::<String>(), at in 0usize..400) {
            prop_assert!(Theme::parse("x", &text).is_err(), "roles are missing");
            let _ = color(&value);
            // A right file with a line of it changed is read or refused with its name.
            let mut lines: Vec<&str> = BUILT_IN[0].1.lines().collect();
            let at = at % lines.len();
            lines[at] = &value;
            if let Err(error) = Theme::parse("mine", &lines.join("\n")) {
                prop_assert!(error.to_string().starts_with("theme mine: ") && !error.to_string().contains('\n'));
            }
        }
    }
}
