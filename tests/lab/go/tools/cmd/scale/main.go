// Command scale makes a cluster hold just so many pods and namespaces of the fleet: what is
// missing is created, what is too much is deleted.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"ronde.dev/lab/tools/internal/fleet"
	"ronde.dev/lab/tools/internal/kube"
)

const workers = 24

func main() {
	log.SetFlags(0)
	log.SetPrefix("scale: ")
	server := flag.String("server", "", "API server")
	pki := flag.String("pki", "", "folder of certificates")
	pods := flag.Int("pods", 0, "how many pods")
	namespaces := flag.Int("namespaces", 0, "how many namespaces")
	flag.Parse()
	if *pods < 0 || *pods > 100_000 || *namespaces < 0 || *namespaces > 10_000 || (*pods > 0 && *namespaces == 0) {
		log.Fatal("expected up to 100,000 pods in 1 to 10,000 namespaces")
	}
	client, err := kube.New(*server, *pki, "lab")
	if err != nil {
		log.Fatal(err)
	}
	client.NamesOnly = true
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	if err := run(ctx, client, *pods, *namespaces); err != nil {
		log.Fatal(err)
	}
}

type task struct {
	method, path string
	body         any
}

func run(ctx context.Context, c *kube.Client, pods, namespaces int) error {
	began := time.Now()
	nodes := 0
	if pods > 0 {
		nodes = fleet.Nodes
	}
	// What too much there is goes first: pods, then what held them.
	wantedPods := map[string]task{}
	for i := range pods {
		namespace := fleet.Namespace(i % namespaces)
		wantedPods["/api/v1/namespaces/"+namespace+"/pods/"+fleet.PodName(i)] = task{http.MethodPost, "/api/v1/namespaces/" + namespace + "/pods", fleet.PodObject(i)}
	}
	wantedNamespaces := map[string]task{}
	for i := range namespaces {
		wantedNamespaces["/api/v1/namespaces/"+fleet.Namespace(i)] = task{http.MethodPost, "/api/v1/namespaces", fleet.NamespaceObject(i)}
	}
	wantedNodes := map[string]task{}
	for i := range nodes {
		wantedNodes["/api/v1/nodes/"+fleet.Node(i)] = task{http.MethodPost, "/api/v1/nodes", fleet.NodeObject(i)}
	}
	var creations [][]task
	for _, kind := range []struct {
		list   string
		wanted map[string]task
	}{{"/api/v1/pods", wantedPods}, {"/api/v1/namespaces", wantedNamespaces}, {"/api/v1/nodes", wantedNodes}} {
		surplus, err := settle(ctx, c, kind.list, kind.wanted)
		if err != nil {
			return err
		}
		if err := all(ctx, c, surplus); err != nil {
			return err
		}
		var create []task
		for _, t := range kind.wanted {
			create = append(create, t)
		}
		creations = append([][]task{create}, creations...)
		if len(surplus) > 0 {
			log.Printf("deleted %d of %s", len(surplus), kind.list)
		}
	}
	for _, create := range creations {
		if err := all(ctx, c, create); err != nil {
			return err
		}
	}
	log.Printf("%d pods, %d namespaces, %d nodes after %.1f s", pods, namespaces, nodes, time.Since(began).Seconds())
	return wait(ctx, c, began)
}

// settle takes what exists out of wanted and gives the deletions of the rest.
func settle(ctx context.Context, c *kube.Client, list string, wanted map[string]task) ([]task, error) {
	var surplus []task
	query := url.Values{"labelSelector": {fleet.Selector}}
	_, err := c.List(ctx, list, query, func(raw json.RawMessage) error {
		var in struct {
			Metadata struct {
				Namespace         string `json:"namespace"`
				Name              string `json:"name"`
				DeletionTimestamp string `json:"deletionTimestamp"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(raw, &in); err != nil {
			return err
		}
		path := list + "/" + in.Metadata.Name
		if in.Metadata.Namespace != "" {
			path = "/api/v1/namespaces/" + in.Metadata.Namespace + "/pods/" + in.Metadata.Name
		}
		if in.Metadata.DeletionTimestamp != "" {
			return nil
		}
		if _, ok := wanted[path]; ok {
			delete(wanted, path)
			return nil
		}
		// No grace: kwok would take its time over each pod.
		surplus = append(surplus, task{http.MethodDelete, path, map[string]any{"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}})
		return nil
	})
	return surplus, err
}

// all does the tasks, many at once; a namespace still in deletion is waited for.
func all(ctx context.Context, c *kube.Client, tasks []task) error {
	queue := make(chan task)
	var failed atomic.Value
	var group sync.WaitGroup
	for range min(workers, len(tasks)) {
		group.Add(1)
		go func() {
			defer group.Done()
			for t := range queue {
				if err := one(ctx, c, t); err != nil {
					failed.CompareAndSwap(nil, fmt.Errorf("%s %s: %w", t.method, t.path, err))
				}
			}
		}()
	}
	for _, t := range tasks {
		if failed.Load() != nil {
			break
		}
		queue <- t
	}
	close(queue)
	group.Wait()
	if err, ok := failed.Load().(error); ok {
		return err
	}
	return nil
}

func one(ctx context.Context, c *kube.Client, t task) error {
	for {
		err := c.Do(ctx, t.method, t.path, "", t.body, nil)
		switch code := kube.Code(err); {
		case t.method == http.MethodDelete && code == http.StatusNotFound:
			return nil
		case t.method == http.MethodPost && code == http.StatusConflict:
			// There already, or still in deletion: a namespace says so only when asked.
			if t.path != "/api/v1/namespaces" || !terminating(ctx, c, t) {
				return nil
			}
		case code == http.StatusTooManyRequests:
		default:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func terminating(ctx context.Context, c *kube.Client, t task) bool {
	name := t.body.(map[string]any)["metadata"].(map[string]any)["name"].(string)
	var in struct {
		Metadata struct {
			DeletionTimestamp string `json:"deletionTimestamp"`
		} `json:"metadata"`
	}
	err := c.Do(ctx, http.MethodGet, t.path+"/"+name, "", nil, &in)
	return kube.Code(err) == http.StatusNotFound || in.Metadata.DeletionTimestamp != ""
}

// wait until kwok has made every pod run, three minutes at most. Version 0 lets the API server
// answer from memory: pages, or the newest version, it would read from etcd each time.
func wait(ctx context.Context, c *kube.Client, began time.Time) error {
	query := url.Values{"labelSelector": {fleet.Selector}, "fieldSelector": {"status.phase!=Running"}, "resourceVersion": {"0"}, "limit": {"0"}}
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(2 * time.Second) {
		left := 0
		if _, err := c.List(ctx, "/api/v1/pods", query, func(json.RawMessage) error { left++; return nil }); err != nil {
			return err
		}
		if left == 0 {
			log.Printf("all run after %.1f s", time.Since(began).Seconds())
			return nil
		}
	}
	log.Print("some pods do not run yet")
	return nil
}
