// Package terminal is a terminal for a program under measurement: a pty, and the screen that a
// person would see, as far as this program draws it (places, text, erasing; no colours).
package terminal

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Screen is what stands on a terminal of a fixed size.
type Screen struct {
	columns, rows int
	cells         [][]rune
	x, y          int
	rest          []byte // the beginning of a sequence whose end has not come
}

// NewScreen is an empty screen.
func NewScreen(columns, rows int) *Screen {
	s := &Screen{columns: columns, rows: rows}
	for range rows {
		s.cells = append(s.cells, []rune(strings.Repeat(" ", columns)))
	}
	return s
}

// Row is the text of a row, counted from 0.
func (s *Screen) Row(y int) string { return string(s.cells[y]) }

// Contains tells whether a row holds this text.
func (s *Screen) Contains(text string) bool {
	for y := range s.cells {
		if strings.Contains(s.Row(y), text) {
			return true
		}
	}
	return false
}

// Write takes what a program sent.
func (s *Screen) Write(sent []byte) (int, error) {
	s.rest = append(s.rest, sent...)
	for len(s.rest) > 0 {
		n := s.step(s.rest)
		if n == 0 {
			break
		}
		s.rest = s.rest[n:]
	}
	s.rest = bytes.Clone(s.rest)
	return len(sent), nil
}

// step does one character or sequence and gives its length, 0 when the end has not come.
func (s *Screen) step(in []byte) int {
	switch in[0] {
	case 0x1b:
		return s.escape(in)
	case '\r':
		s.x = 0
	case '\n':
		s.y = min(s.y+1, s.rows-1)
	case '\b':
		s.x = max(s.x-1, 0)
	default:
		if in[0] < 0x20 || in[0] == 0x7f {
			return 1
		}
		if !utf8.FullRune(in) {
			return 0
		}
		char, n := utf8.DecodeRune(in)
		s.put(char)
		return n
	}
	return 1
}

func (s *Screen) put(char rune) {
	if s.x >= s.columns {
		s.x, s.y = 0, min(s.y+1, s.rows-1)
	}
	s.cells[s.y][s.x] = char
	s.x++
}

func (s *Screen) escape(in []byte) int {
	if len(in) < 2 {
		return 0
	}
	switch in[1] {
	case '[':
		for n := 2; n < len(in); n++ {
			if in[n] >= 0x40 && in[n] <= 0x7e {
				s.control(string(in[2:n]), in[n])
				return n + 1
			}
		}
		return 0
	case ']', 'P', '_', '^', 'X': // a string, up to BEL or ESC \
		for n := 2; n < len(in); n++ {
			if in[n] == 0x07 {
				return n + 1
			}
			if in[n] == 0x1b && n+1 < len(in) {
				return n + 2
			}
		}
		return 0
	case '(', ')': // a character set
		if len(in) < 3 {
			return 0
		}
		return 3
	default:
		return 2
	}
}

// control does a control sequence; what does not change places or text is passed over.
func (s *Screen) control(text string, final byte) {
	if strings.HasPrefix(text, "?") {
		if text == "?1049" && final == 'h' {
			s.erase(0, 0, s.columns, s.rows-1)
		}
		return
	}
	first, second := numbers(text)
	count := max(first, 1)
	switch final {
	case 'H', 'f':
		s.y, s.x = min(count, s.rows)-1, min(max(second, 1), s.columns)-1
	case 'A':
		s.y = max(s.y-count, 0)
	case 'B':
		s.y = min(s.y+count, s.rows-1)
	case 'C':
		s.x = min(s.x+count, s.columns-1)
	case 'D':
		s.x = max(s.x-count, 0)
	case 'G':
		s.x = min(count, s.columns) - 1
	case 'd':
		s.y = min(count, s.rows) - 1
	case 'J':
		switch first {
		case 0:
			s.erase(s.x, s.y, s.columns, s.rows-1)
		case 1:
			s.erase(0, 0, s.x+1, s.y)
		default:
			s.erase(0, 0, s.columns, s.rows-1)
		}
	case 'K':
		switch first {
		case 0:
			s.erase(s.x, s.y, s.columns, s.y)
		case 1:
			s.erase(0, s.y, s.x+1, s.y)
		default:
			s.erase(0, s.y, s.columns, s.y)
		}
	}
}

// erase blanks everything from a cell to before a column of a row.
func (s *Screen) erase(x, y, endX, endY int) {
	for ; y <= endY; y++ {
		end := s.columns
		if y == endY {
			end = endX
		}
		for ; x < min(end, s.columns); x++ {
			s.cells[y][x] = ' '
		}
		x = 0
	}
}

// numbers are the first two parameters of a control sequence, 0 when not given.
func numbers(text string) (first, second int) {
	one, more, _ := strings.Cut(text, ";")
	two, _, _ := strings.Cut(more, ";")
	first, _ = strconv.Atoi(one)
	second, _ = strconv.Atoi(two)
	return first, second
}
