package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"ronde.dev/lab/tools/internal/fleet"
	"ronde.dev/lab/tools/internal/kube"
	"ronde.dev/lab/tools/internal/terminal"
)

const (
	collection = "/api/v1/namespaces/default/pods"
	probe      = "latency-probe"
)

type object = map[string]any

// bare is the least that a client of the same changes must wait: it follows all pods, as the console
// does, and looks at nothing but the word that is waited for.
type bare struct {
	sync.Mutex
	word string
	seen chan time.Time
}

// wait makes it look for a word; what it returns gives when the word came.
func (b *bare) wait(word string) func() time.Time {
	b.Lock()
	defer b.Unlock()
	seen := make(chan time.Time, 1)
	b.word, b.seen = word, seen
	return func() time.Time {
		select {
		case at := <-seen:
			return at
		case <-time.After(lost):
			return time.Now()
		}
	}
}

func (b *bare) look(object json.RawMessage) {
	b.Lock()
	defer b.Unlock()
	if b.word != "" && bytes.Contains(object, []byte(b.word)) {
		b.word = ""
		b.seen <- time.Now()
	}
}

// events changes the probe's status so many times and measures when each is on the screen, in a view
// filtered to the probe: whatever else changes is not on it. The second is how much later that is
// than a bare watch has it.
func events(console *terminal.Console, client, other *kube.Client, ready string, count int) (took, behind []time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	client.NamesOnly = true
	if err := create(ctx, client); err != nil {
		return nil, nil, err
	}
	watch := &bare{}
	go other.Follow(ctx, "/api/v1/pods", func() {}, watch.look, func(json.RawMessage) {})
	defer remove(client)
	if _, err := console.Watch(func(s *terminal.Screen) bool { return s.Contains(ready) })(patience); err != nil {
		return nil, nil, fmt.Errorf("all rows: %w", err)
	}
	if err := console.Send("/" + probe + "\r"); err != nil {
		return nil, nil, err
	}
	for i := range count + 1 {
		word := word(i)
		wait := console.Watch(func(s *terminal.Screen) bool { return s.Contains(word) })
		first := watch.wait(word)
		if err := client.Do(ctx, http.MethodPut, collection+"/"+probe+"/status", "", status(word), nil); err != nil {
			return nil, nil, err
		}
		answered := time.Now()
		if i == 0 { // the first is for the filter to settle
			_, err := wait(time.Minute)
			if err != nil {
				return nil, nil, fmt.Errorf("the probe's status: %w", err)
			}
			apart(2*time.Second, 3*time.Second)
			continue
		}
		seen, err := wait(lost)
		t := lost
		if err == nil {
			// A watch may be faster than the answer.
			t = max(seen.Sub(answered), 0)
		}
		took = append(took, t)
		behind = append(behind, max(answered.Add(t).Sub(first()), 0))
		apart(250*time.Millisecond, 450*time.Millisecond)
	}
	return took, behind, nil
}

// word is the i-th of a series in which no two are alike.
func word(i int) string {
	text := []byte("Probe")
	for range 4 {
		text = append(text, byte('a'+rand.N(26)))
	}
	return fmt.Sprintf("%s%d", text, i)
}

func create(ctx context.Context, client *kube.Client) error {
	remove(client)
	pod := fleet.LeftAlone(fleet.PodObject(0))
	pod["metadata"].(object)["name"] = probe
	delete(pod["metadata"].(object), "labels") // not of the fleet: churn must not change it
	return client.Do(ctx, http.MethodPost, collection, "", pod, nil)
}

func remove(client *kube.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	options := object{"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
	client.Do(ctx, http.MethodDelete, collection+"/"+probe, "", options, nil)
}

// status makes the pod's first container wait, for a reason that the console shows as the pod's status.
func status(reason string) object {
	pod := fleet.LeftAlone(fleet.PodObject(0))
	metadata := object{"name": probe, "annotations": pod["metadata"].(object)["annotations"]}
	status := object{"name": "webservice", "image": "x", "imageID": "x", "ready": false, "restartCount": 0, "state": object{"waiting": object{"reason": reason, "message": strings.ToLower(reason)}}}
	return object{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": object{"phase": "Pending", "containerStatuses": []object{status}}}
}
