// Command churn changes pods of the fleet at a steady rate for a while: most get a new status
// (restarts, readiness), some a new annotation, a few are replaced. It tells in the end what rate it
// reached, also when it is ended early.
//
// Changes are written under the API server (see package etcd): through it, each costs it several
// milliseconds of a core, and a few hundred a second are the most that two cores bear.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"ronde.dev/lab/tools/internal/etcd"
	"ronde.dev/lab/tools/internal/fleet"
	"ronde.dev/lab/tools/internal/kube"
)

const (
	maxRate    = 2000
	maxSeconds = 3600
	inFlight   = 64
)

// farBehind is how many changes the API server may have before it.
const farBehind = 200

// written is the revision of the last change.
var written atomic.Int64

// pod is what is known of a pod of the fleet; its lock is held while it changes.
type pod struct {
	sync.Mutex
	namespace, name string
	id              fleet.Identity
	index           int
	restarts        int
	churned         string
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("churn: ")
	server := flag.String("server", "", "API server")
	under := flag.String("etcd", "", "the etcd under it")
	pki := flag.String("pki", "", "folder of certificates")
	rate := flag.Int("rate", 0, "changes per second")
	seconds := flag.Int("seconds", 0, "for how long")
	seed := flag.Uint64("seed", 1, "of the choice of pods")
	flag.Parse()
	if *rate < 1 || *rate > maxRate || *seconds < 1 || *seconds > maxSeconds {
		log.Fatalf("expected 1 to %d changes per second for 1 to %d s", maxRate, maxSeconds)
	}
	client, err := kube.New(*server, *pki, "lab")
	if err != nil {
		log.Fatal(err)
	}
	store, err := etcd.New(*under, *pki, "lab")
	if err != nil {
		log.Fatal(err)
	}
	if err := run(client, store, *rate, time.Duration(*seconds)*time.Second, *seed); err != nil {
		log.Fatal(err)
	}
}

func run(c *kube.Client, store *etcd.Client, rate int, length time.Duration, seed uint64) error {
	ctx, cancel := context.WithTimeout(context.Background(), length+30*time.Second)
	defer cancel()
	enough, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	pods, err := fleetPods(ctx, c)
	if err != nil {
		return err
	}
	if len(pods) == 0 {
		log.Fatal("no pods to change: run scale first")
	}
	stored, err := fleet.ReadStored(ctx, c, "/api/v1/namespaces/"+pods[0].namespace+"/pods/"+pods[0].name)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(seed, 0))
	var done, failed, skipped atomic.Int64
	var behind atomic.Bool
	go follow(ctx, c, &behind)
	slots := make(chan struct{}, inFlight)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	began := time.Now()
	for now := range tick.C {
		if now.Sub(began) >= length || enough.Err() != nil {
			break
		}
		if behind.Load() {
			skipped.Add(1)
			continue
		}
		p, kind := pods[random.IntN(len(pods))], random.IntN(100)
		select {
		case slots <- struct{}{}:
		default:
			skipped.Add(1) // the server is slower than the rate: do not pile up
			continue
		}
		go func() {
			defer func() { <-slots }()
			if err := p.change(ctx, store, stored, kind, now); err != nil {
				failed.Add(1)
				return
			}
			done.Add(1)
		}()
	}
	took := time.Since(began).Seconds()
	for range inFlight {
		slots <- struct{}{}
	}
	log.Printf("%d changes in %.1f s (%.0f per second), %d failed, %d skipped", done.Load(), took, float64(done.Load())/took, failed.Load(), skipped.Load())
	return nil
}

func fleetPods(ctx context.Context, c *kube.Client) ([]*pod, error) {
	c.NamesOnly = true
	var pods []*pod
	_, err := c.List(ctx, "/api/v1/pods", url.Values{"labelSelector": {fleet.Selector}}, func(raw json.RawMessage) error {
		var in struct {
			Metadata struct {
				fleet.Identity
				Namespace, Name string
			} `json:"metadata"`
		}
		if err := json.Unmarshal(raw, &in); err != nil {
			return err
		}
		if index := fleet.ParsePodName(in.Metadata.Name); index >= 0 {
			pods = append(pods, &pod{namespace: in.Metadata.Namespace, name: in.Metadata.Name, id: in.Metadata.Identity, index: index})
		}
		return nil
	})
	return pods, err
}

// change does one change of a kind between 0 and 99.
func (p *pod) change(ctx context.Context, store *etcd.Client, stored *fleet.Stored, kind int, now time.Time) error {
	p.Lock()
	defer p.Unlock()
	key := etcd.Key("pods", p.namespace, p.name)
	switch {
	case kind < 5:
		if err := store.Delete(ctx, key); err != nil {
			return err
		}
		p.id, p.restarts, p.churned = fleet.NewIdentity(now), 0, ""
	case kind < 25:
		p.churned = now.UTC().Format(time.RFC3339Nano)
	default:
		p.restarts++
	}
	object := fleet.PodObject(p.index)
	if p.churned != "" {
		object["metadata"].(map[string]any)["annotations"].(map[string]any)["lab/churned"] = p.churned
	}
	text, err := stored.Pod(object, p.namespace, p.id, fleet.Restarted(object, p.index, p.restarts, now))
	if err != nil {
		return err
	}
	revision, err := store.Put(ctx, key, text)
	if err == nil {
		written.Store(revision)
	}
	return err
}

// follow sees whether the API server keeps up with what is written under it. While it is far behind,
// nothing is written: its watchers would see ever older changes.
func follow(ctx context.Context, c *kube.Client, behind *atomic.Bool) {
	for ctx.Err() == nil {
		var list struct {
			Metadata struct {
				ResourceVersion int64 `json:"resourceVersion,string"`
			} `json:"metadata"`
		}
		// Version 0: how far its own memory is.
		if err := c.Do(ctx, http.MethodGet, "/api/v1/namespaces/default/pods?resourceVersion=0", "", nil, &list); err == nil {
			behind.Store(written.Load() > list.Metadata.ResourceVersion+farBehind)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
