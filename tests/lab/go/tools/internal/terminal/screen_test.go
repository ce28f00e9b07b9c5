package terminal

import (
	"strings"
	"testing"
)

func TestWhatAPersonWouldSee(t *testing.T) {
	const title = "\x1b]0;title\x07"
	for _, c := range []struct{ name, sent, want string }{
		{"places", "\x1b[2;3Hab\x1b[1;1Hx", "x    |  ab |     "},
		{"colours and modes are nothing", "\x1b[?25l\x1b[?2026h\x1b[1;38;5;1ma\x1b[0mb\x1b[?2026l", "ab   |     |     "},
		{"a title", "a" + title + "b", "ab   |     |     "},
		{"the end of a line", "abcdef", "abcde|f    |     "},
		{"erase below", "abc\r\ndef\r\nghi\x1b[2;2H\x1b[J", "abc  |d    |     "},
		{"erase all", "abc\r\ndef\x1b[2J", "     |     |     "},
		{"erase a line", "abc\x1b[1;2H\x1b[K", "a    |     |     "},
		{"erase its beginning", "abc\x1b[1;2H\x1b[1K", "  c  |     |     "},
		{"more than ASCII", "▸ö", "▸ö   |     |     "},
		{"moves", "a\x1b[2Cb\x1b[Bc\x1b[2D\x1b[Ad", "a  d |    c|     "},
		{"places outside", "\x1b[99;99Hz\x1b[0;0Hy", "y    |     |    z"},
	} {
		whole := NewScreen(5, 3)
		whole.Write([]byte(c.sent))
		single := NewScreen(5, 3)
		for i := range len(c.sent) {
			single.Write([]byte(c.sent[i : i+1]))
		}
		for how, screen := range map[string]*Screen{"at once": whole, "byte by byte": single} {
			var rows []string
			for y := range 3 {
				rows = append(rows, screen.Row(y))
			}
			if got := strings.Join(rows, "|"); got != c.want {
				t.Errorf("%s, %s: %q, expected %q", c.name, how, got, c.want)
			}
		}
	}
}

func FuzzScreen(f *testing.F) {
	f.Add([]byte("\x1b[2;3Hab\x1b]0;t\x1b\\\x1b[J\xff"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		s := NewScreen(4, 2)
		s.Write(sent)
		for y := range 2 {
			if n := len([]rune(s.Row(y))); n != 4 {
				t.Fatalf("%d cells", n)
			}
		}
	})
}
