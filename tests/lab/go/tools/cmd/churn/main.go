// Command churn changes pods of the fleet at a steady rate for a while: most get a new status
// (restarts, readiness), some a new annotation, a few are replaced.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"ronde.dev/lab/tools/internal/fleet"
	"ronde.dev/lab/tools/internal/kube"
)

const (
	maxRate    = 2000
	maxSeconds = 3600
	inFlight   = 64
	merge      = "application/merge-patch+json"
)

type pod struct {
	path, collection string
	index            int
	restarts         atomic.Int64
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("churn: ")
	server := flag.String("server", "", "API server")
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
	if err := run(client, *rate, time.Duration(*seconds)*time.Second, *seed); err != nil {
		log.Fatal(err)
	}
}

func run(c *kube.Client, rate int, length time.Duration, seed uint64) error {
	ctx, cancel := context.WithTimeout(context.Background(), length+30*time.Second)
	defer cancel()
	c.NamesOnly = true
	var pods []*pod
	_, err := c.List(ctx, "/api/v1/pods", url.Values{"labelSelector": {fleet.Selector}}, func(raw json.RawMessage) error {
		var in struct {
			Metadata struct{ Namespace, Name string } `json:"metadata"`
		}
		if err := json.Unmarshal(raw, &in); err != nil {
			return err
		}
		collection := "/api/v1/namespaces/" + in.Metadata.Namespace + "/pods"
		if index := fleet.ParsePodName(in.Metadata.Name); index >= 0 {
			pods = append(pods, &pod{path: collection + "/" + in.Metadata.Name, collection: collection, index: index})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(pods) == 0 {
		log.Fatal("no pods to change: run scale first")
	}
	random := rand.New(rand.NewPCG(seed, 0))
	var done, failed, skipped atomic.Int64
	slots := make(chan struct{}, inFlight)
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	began := time.Now()
	for now := range tick.C {
		if now.Sub(began) >= length {
			break
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
			if err := change(ctx, c, p, kind, now); err != nil {
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

func change(ctx context.Context, c *kube.Client, p *pod, kind int, now time.Time) error {
	switch {
	case kind < 5:
		options := map[string]any{"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
		if err := c.Do(ctx, http.MethodDelete, p.path, "", options, nil); err != nil && kube.Code(err) != http.StatusNotFound {
			return err
		}
		p.restarts.Store(0)
		return c.Do(ctx, http.MethodPost, p.collection, "", fleet.PodObject(p.index), nil)
	case kind < 25:
		patch := map[string]any{"metadata": map[string]any{"annotations": map[string]any{"lab/churned": now.UTC().Format(time.RFC3339Nano)}}}
		return c.Do(ctx, http.MethodPatch, p.path, merge, patch, nil)
	default:
		restarts := int(p.restarts.Add(1))
		patch := map[string]any{"status": fleet.PodStatus(p.index, restarts, restarts%2 == 0, now)}
		return c.Do(ctx, http.MethodPatch, p.path+"/status", merge, patch, nil)
	}
}
