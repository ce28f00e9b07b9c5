//! Where things stand on the screen, in cells; shared by drawing, scrolling and the mouse.

use crate::model::key::Key;

/// A rectangle of cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Area {
    /// Left column.
    pub x: u16,
    /// Top row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// Whether a cell is in it.
    pub fn contains(&self, x: u16, y: u16) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }
}

/// The parts of the screen, top to bottom. A part without rows is not drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Screen {
    /// Tabs, badge, user, clock.
    pub header: Area,
    /// What is shown: counts, lens, sort, filter, sources.
    pub title: Area,
    /// The table or text.
    pub body: Area,
    /// Sums.
    pub sums: Area,
    /// The hint line; the input line and messages take its place.
    pub foot: Area,
}

/// Divides a screen of `columns` × `rows`. A zoomed screen has only its body and, for input, its foot.
pub fn screen((columns, rows): (u16, u16), zoom: bool) -> Screen {
    let header = u16::from(!zoom && rows >= 4);
    let title = u16::from(!zoom && rows >= 5);
    let foot = u16::from(rows >= 3 && !zoom);
    let sums = u16::from(!zoom && rows >= 16);
    let part = |y: u16, height: u16| Area { x: 0, y, width: columns, height };
    let body = rows.saturating_sub(header + title + sums + foot);
    Screen {
        header: part(0, header),
        title: part(header, title),
        body: part(header + title, body),
        sums: part(header + title + body, sums),
        foot: part(header + title + body + sums, foot),
    }
}

/// What a click can mean.
#[derive(Clone, Debug, PartialEq)]
pub enum Hit {
    /// A tab.
    Tab(usize),
    /// A row, by its key: whatever was drawn there.
    Row(Key),
    /// A column's header, by field.
    Column(usize),
    /// The sources in the title.
    Sources,
    /// A hint, by command.
    Command(crate::command::Command),
    /// An item of the menu.
    MenuItem(usize),
}

/// What the last frame put where; later entries lie over earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Hits(pub Vec<(Area, Hit)>);

impl Hits {
    /// What is at a cell.
    pub fn at(&self, x: u16, y: u16) -> Option<&Hit> {
        self.0.iter().rev().find(|(area, _)| area.contains(x, y)).map(|(_, hit)| hit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fill_the_screen_without_overlap() {
        for rows in 1..80 {
            for zoom in [false, true] {
                let screen = screen((80, rows), zoom);
                let parts = [screen.header, screen.title, screen.body, screen.sums, screen.foot];
                assert_eq!(parts.iter().map(|part| part.height).sum::<u16>(), rows);
                for pair in parts.windows(2) {
                    assert_eq!(pair[0].y + pair[0].height, pair[1].y);
                }
            }
        }
    }
}
