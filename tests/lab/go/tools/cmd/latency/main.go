// Command latency runs a console in a terminal and measures what a person who looks at it waits for:
//
//	latency event …   from the API server's answer to a change of a pod until it is on the screen
//	latency key …     from a key until the selection has moved on the screen
//
// The pod whose status changes is made for this and goes afterwards, so that nobody else changes it.
package main

import (
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"time"

	"ronde.dev/lab/tools/internal/kube"
	"ronde.dev/lab/tools/internal/terminal"
)

// Long enough for 10,000 pods to come from a busy API server.
const patience = 5 * time.Minute

// A change that takes longer is lost; it counts as so long.
const lost = 5 * time.Second

func main() {
	log.SetFlags(0)
	log.SetPrefix("latency: ")
	if len(os.Args) < 2 || (os.Args[1] != "event" && os.Args[1] != "key") {
		log.Fatal("usage: latency event|key FLAGS -- COMMAND…")
	}
	flags := flag.NewFlagSet("latency", flag.ExitOnError)
	server := flags.String("server", "", "API server")
	pki := flags.String("pki", "", "folder of certificates")
	count := flags.Int("count", 100, "how many changes or keys")
	ready := flags.String("ready", "", "text on the screen when the console has all rows")
	flags.Parse(os.Args[2:])
	if flags.NArg() == 0 || *count < 1 {
		log.Fatal("expected a command to measure, and a count")
	}
	command := exec.Command(flags.Arg(0), flags.Args()[1:]...)
	console, err := terminal.Start(command, 200, 50)
	if err != nil {
		log.Fatal(err)
	}
	defer console.End()
	var behind []time.Duration
	measure := func() ([]time.Duration, error) { return keys(console, *ready, *count) }
	if os.Args[1] == "event" {
		client, err := kube.New(*server, *pki, "lab")
		if err != nil {
			log.Fatal(err)
		}
		other, err := kube.New(*server, *pki, "lab")
		if err != nil {
			log.Fatal(err)
		}
		measure = func() (took []time.Duration, err error) {
			took, behind, err = events(console, client, other, *ready, *count)
			return took, err
		}
	}
	took, err := measure()
	if err != nil {
		console.Look(func(s *terminal.Screen) {
			for y := range 50 {
				fmt.Fprintln(os.Stderr, s.Row(y))
			}
		})
		console.End()
		log.Fatal(err)
	}
	if behind == nil {
		fmt.Println(report(took))
	} else {
		fmt.Printf("%s; behind a bare watch beside it: %s\n", report(took), report(behind))
	}
}

// report tells the percentiles of times, by the nearest rank.
func report(took []time.Duration) string {
	slices.Sort(took)
	rank := func(percent int) float64 {
		at := (len(took)*percent + 99) / 100
		return float64(took[max(at, 1)-1].Microseconds()) / 1000
	}
	missing := 0
	for _, t := range took {
		if t >= lost {
			missing++
		}
	}
	text := fmt.Sprintf("p50 %.1f ms, p99 %.1f ms, longest %.1f ms, of %d", rank(50), rank(99), rank(100), len(took))
	if missing > 0 {
		text += fmt.Sprintf("; %d not seen in %s", missing, lost)
	}
	return text
}

// apart waits a while between two measurements, never in step with what the console does by itself.
func apart(least, most time.Duration) {
	time.Sleep(least + rand.N(most-least))
}
