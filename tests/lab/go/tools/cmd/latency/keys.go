package main

import (
	"fmt"
	"strings"
	"time"

	"ronde.dev/lab/tools/internal/terminal"
)

// keys goes one row down and up, so many times, and measures when another row is the selected one.
func keys(console *terminal.Console, ready string, count int) ([]time.Duration, error) {
	if _, err := console.Watch(func(s *terminal.Screen) bool { return s.Contains(ready) })(patience); err != nil {
		return nil, fmt.Errorf("all rows: %w", err)
	}
	// Away from the first row, which has none above it.
	for range 15 {
		if err := console.Send("j"); err != nil {
			return nil, err
		}
		apart(50*time.Millisecond, 100*time.Millisecond)
	}
	apart(time.Second, 2*time.Second)
	var took []time.Duration
	for i := range count {
		before := ""
		console.Look(func(s *terminal.Screen) { before = selected(s) })
		if before == "" && i == 0 {
			return nil, fmt.Errorf("no row is selected")
		}
		wait := console.Watch(func(s *terminal.Screen) bool {
			now := selected(s)
			return now != "" && now != before
		})
		pressed := time.Now()
		if err := console.Send([]string{"j", "k"}[i%2]); err != nil {
			return nil, err
		}
		t := lost
		if seen, err := wait(lost); err == nil {
			t = seen.Sub(pressed)
		}
		took = append(took, t)
		apart(80*time.Millisecond, 180*time.Millisecond)
	}
	return took, nil
}

// selected is what the selected row begins with, the names of a pod: the rest of a row may change
// though the selection stays.
func selected(s *terminal.Screen) string {
	for y := range 50 {
		if name, ok := strings.CutPrefix(strings.TrimLeft(s.Row(y), " "), "▸"); ok {
			words := strings.Fields(name)
			return strings.Join(words[:min(3, len(words))], " ")
		}
	}
	return ""
}
