//! The mouse. A click means what was drawn where it hit.

use super::{App, effect::Effect, event::Mouse, layout::Hit};

impl App {
    pub(super) fn mouse(&mut self, mouse: Mouse, effects: &mut Vec<Effect>) {
        match mouse {
            Mouse::Press(x, y) => self.press(x, y, effects),
            Mouse::Wheel(lines) => self.wheel(isize::from(lines)),
        }
    }

    fn press(&mut self, x: u16, y: u16, effects: &mut Vec<Effect>) {
        let Some(hit) = self.hits.at(x, y).cloned() else { return };
        if self.menu.is_some() && !matches!(hit, Hit::MenuItem(_)) {
            self.menu = None;
            return;
        }
        match hit {
            Hit::Tab(tab) => self.go_to_tab(tab),
            Hit::Column(field) => self.sort_by(field),
            Hit::Sources => self.open_sources(),
            Hit::Command(command) => self.dispatch(command, "", effects),
            Hit::MenuItem(at) => {
                if let Some(menu) = &mut self.menu {
                    menu.selected = at;
                }
                self.choose(effects);
            }
            Hit::Row(key) => {
                let again = self.view().is_some_and(|view| view.selected.as_ref() == Some(&key));
                if again {
                    self.drill(effects);
                } else if let Some((view, store)) = self.view_and_store() {
                    view.select_key(&key, store);
                }
            }
        }
    }

    fn wheel(&mut self, lines: isize) {
        let height = self.text_height();
        if let Some(menu) = &mut self.menu {
            menu.go(lines.signum());
        } else if let Some(page) = self.logs_mut() {
            page.scroll(lines, height);
        } else if let Some(page) = self.text_mut() {
            page.scroll(lines, height);
        } else if let Some((view, store)) = self.view_and_store() {
            view.go(lines, store);
        }
    }
}
