//! Text to query. One pass, no going back further than a word; nesting is bounded by [`super::DEPTH`].
//!
//! ```text
//! any   = all { "or" all }
//! all   = one { [ "and" ] one }
//! one   = ( "not" | "!" ) one | "(" any ")" | field operator literal | word
//! ```

use super::{
    DEPTH, FilterError,
    condition::{Condition, Expr, Op, Wanted},
    literal::{self, Literal},
    words::Needle,
};
use crate::model::{table::Rows, value::Kind};

/// Whether the text begins like a query: after any `(` and `not`, a known field and an operator. A name that is no
/// field counts too when a comparison follows it at once: no name of a pod or image has one, so it is a slip.
pub(super) fn is_query(text: &str, rows: &dyn Rows) -> bool {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(['(', '!']) {
            rest = after;
            continue;
        }
        let name = name_at(rest);
        let after = &rest[name.len()..];
        if name.eq_ignore_ascii_case("not") && operator_at(after.trim_start()).is_none() {
            rest = after;
            continue;
        }
        if name.is_empty() {
            return false;
        }
        return match operator_at(after.trim_start()) {
            Some(_) if rows.field_named(name).is_some() => true,
            Some((_, op)) => !matches!(op, Op::Equal | Op::Like) && operator_at(after).is_some(),
            None => false,
        };
    }
}

/// Reads a query.
pub(super) fn parse(text: &str, rows: &dyn Rows) -> Result<Expr, FilterError> {
    let mut parser = Parser { text, at: 0, rows };
    let expr = parser.any(0)?;
    parser.skip_space();
    if parser.at < text.len() {
        return Err(FilterError::new(parser.at, "this ) closes nothing"));
    }
    Ok(expr)
}

/// The name a text begins with: letters, digits, `-` and `_`, a letter first.
fn name_at(text: &str) -> &str {
    let end = text
        .char_indices()
        .find(|&(at, c)| !(c.is_ascii_alphabetic() || at > 0 && (c.is_ascii_digit() || matches!(c, '-' | '_'))))
        .map_or(text.len(), |(at, _)| at);
    &text[..end]
}

fn operator_at(text: &str) -> Option<(usize, Op)> {
    Op::ALL.iter().find(|(sign, _)| text.starts_with(sign)).map(|(sign, op)| (sign.len(), *op))
}

/// The text inside, when the whole text is one quoted string.
pub(super) fn whole_quoted(text: &str) -> Option<String> {
    quoted_at(text).filter(|(length, inside)| *length == text.len() && !inside.trim().is_empty()).map(|(_, s)| s)
}

/// A quoted string at the beginning of a text: its length with quotes, and what is inside. None without a closing quote.
fn quoted_at(text: &str) -> Option<(usize, String)> {
    let mut characters = text.char_indices().peekable();
    let (_, quote) = characters.next().filter(|(_, c)| matches!(c, '"' | '\''))?;
    let mut inside = String::new();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => match characters.next_if(|(_, next)| *next == quote || *next == '\\') {
                Some((_, escaped)) => inside.push(escaped),
                None => inside.push('\\'),
            },
            c if c == quote => return Some((at + 1, inside)),
            c => inside.push(c),
        }
    }
    None
}

/// The text as a quoted string.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Whether a literal needs no quotes.
pub(super) fn is_bare(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "._-*?/%+:@–".contains(c))
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    rows: &'a dyn Rows,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes a keyword when it stands here as a whole word that is not the name of a field with its operator.
    fn keyword(&mut self, word: &str) -> bool {
        self.skip_space();
        let name = name_at(self.rest());
        let (length, after) = (name.len(), &self.rest()[name.len()..]);
        let whole = after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || "()!\"'".contains(c));
        let taken = name.eq_ignore_ascii_case(word) && whole && operator_at(after).is_none();
        if taken {
            self.at += length;
        }
        taken
    }

    fn any(&mut self, depth: usize) -> Result<Expr, FilterError> {
        let first = self.all(depth)?;
        let mut parts = vec![first];
        while self.keyword("or") {
            parts.push(self.all(depth)?);
        }
        Ok(joined(parts, Expr::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, FilterError> {
        let mut parts = vec![self.one(depth)?];
        loop {
            if self.keyword("and") {
                parts.push(self.one(depth)?);
                continue;
            }
            self.skip_space();
            let here = self.at;
            if self.rest().is_empty() || self.rest().starts_with(')') || self.keyword("or") {
                self.at = here;
                return Ok(joined(parts, Expr::All));
            }
            parts.push(self.one(depth)?);
        }
    }

    fn one(&mut self, depth: usize) -> Result<Expr, FilterError> {
        self.skip_space();
        let here = self.at;
        if depth > DEPTH {
            return Err(FilterError::new(here, format!("parentheses and `not` nest deeper than {DEPTH}")));
        }
        if self.keyword("not") {
            return Ok(Expr::Not(Box::new(self.one(depth + 1)?)));
        }
        match self.rest().chars().next() {
            None => Err(FilterError::new(here, "something must follow here")),
            Some(')') => Err(FilterError::new(here, "something must stand before this )")),
            Some('!') => {
                self.at += 1;
                Ok(Expr::Not(Box::new(self.one(depth + 1)?)))
            }
            Some('(') => {
                self.at += 1;
                let inside = self.any(depth + 1)?;
                self.skip_space();
                if !self.rest().starts_with(')') {
                    return Err(FilterError::new(here, "this ( is not closed"));
                }
                self.at += 1;
                Ok(inside)
            }
            Some(_) => self.condition(),
        }
    }

    fn condition(&mut self) -> Result<Expr, FilterError> {
        let here = self.at;
        let name = name_at(self.rest()).to_owned();
        let space = self.rest()[name.len()..].len() - self.rest()[name.len()..].trim_start().len();
        let after = &self.rest()[name.len() + space..];
        let Some((length, op)) = operator_at(after).filter(|_| !name.is_empty()) else {
            let word = self.value("a word")?;
            return Ok(Expr::Word(Needle::contains(&word), word));
        };
        self.at += name.len() + space + length;
        let Some(field) = self.rows.field_named(&name) else {
            return Err(FilterError::new(here, unknown_field(&name, self.rows)));
        };
        self.skip_space();
        let value_at = self.at;
        let literal = self.value(&format!("{name}{}", op.text()))?;
        let meta = self.rows.field(field);
        let bad = |message| FilterError::new(value_at, message);
        let unknown = matches!(literal.as_str(), "–" | "-") || literal.eq_ignore_ascii_case("unknown");
        let wanted = match meta.kind {
            Kind::Spark => {
                return Err(FilterError::new(here, format!("{} is a chart; it cannot be filtered", meta.name)));
            }
            Kind::Text if op.is_order() => {
                return Err(FilterError::new(here, format!("{} is text; it takes = != : or !:", meta.name)));
            }
            Kind::Text if matches!(op, Op::Like | Op::NotLike) => Wanted::Text(Needle::like(&literal)),
            Kind::Text => Wanted::Text(Needle::exact(&literal)),
            _ if unknown && op.is_order() => return Err(bad("what is unknown has no order; write = or !=".into())),
            _ if unknown => Wanted::Unknown,
            kind => match literal::parse(kind, &literal) {
                Ok(Literal::Number(share)) if kind == Kind::Fraction => Wanted::Share(share),
                Ok(Literal::Number(number)) => Wanted::Number(number),
                Ok(Literal::Fraction(ready, total)) => Wanted::Fraction(ready, total),
                Err(how) => return Err(bad(format!("{} takes {how}, not {}", meta.name, cut(&literal)))),
            },
        };
        Ok(Expr::Test(Condition { field, name: meta.name, op, literal, wanted, unknown }))
    }

    /// A quoted string, or all up to a space or parenthesis.
    fn value(&mut self, what: &str) -> Result<String, FilterError> {
        let here = self.at;
        if self.rest().starts_with(['"', '\'']) {
            let Some((length, inside)) = quoted_at(self.rest()) else {
                return Err(FilterError::new(here, "this quote is not closed"));
            };
            self.at += length;
            return Ok(inside);
        }
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')')).unwrap_or(rest.len());
        if end == 0 {
            return Err(FilterError::new(here, format!("{what} needs a value")));
        }
        let value = rest[..end].to_owned();
        self.at += end;
        Ok(value)
    }
}

/// One part is itself; several are joined.
fn joined(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn unknown_field(name: &str, rows: &dyn Rows) -> String {
    let lower: String = name.chars().take(64).collect::<String>().to_ascii_lowercase();
    let nearest = (0..rows.field_count())
        .map(|index| rows.field(index))
        .flat_map(|meta| std::iter::once(meta.name).chain(meta.aliases.iter().copied()))
        .max_by(|a, b| strsim::jaro_winkler(a, &lower).total_cmp(&strsim::jaro_winkler(b, &lower)));
    let table = rows.id().name();
    match nearest {
        Some(nearest) => format!("{table} have no field {}; did you mean {nearest}?", cut(name)),
        None => format!("{table} have no field {}", cut(name)),
    }
}

/// A text short enough for a message.
fn cut(text: &str) -> std::borrow::Cow<'_, str> {
    crate::model::text::limited(text, 40)
}
