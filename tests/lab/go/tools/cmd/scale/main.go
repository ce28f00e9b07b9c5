// Command scale makes a cluster hold just so many pods and namespaces of the fleet: what is
// missing is created, what is too much is deleted.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/url"
	"time"

	"ronde.dev/lab/tools/internal/etcd"
	"ronde.dev/lab/tools/internal/fleet"
	"ronde.dev/lab/tools/internal/kube"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("scale: ")
	server := flag.String("server", "", "API server")
	under := flag.String("etcd", "", "the etcd under it")
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
	store, err := etcd.New(*under, *pki, "lab")
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	began := time.Now()
	if err := run(ctx, client, store, *pods, *namespaces); err != nil {
		log.Fatal(err)
	}
	log.Printf("done in %.1f s", time.Since(began).Seconds())
}

// run deletes what is too much first: pods, then what held them. Then it creates in reverse: a pod
// on a node that is not there would be collected as garbage.
func run(ctx context.Context, c *kube.Client, store *etcd.Client, pods, namespaces int) error {
	nodes := 0
	if pods > 0 {
		nodes = fleet.Nodes
	}
	var wanted [3]plan
	for i := range pods {
		wanted[0].want(place{fleet.Namespace(i % namespaces), fleet.PodName(i)}, i)
	}
	for i := range namespaces {
		wanted[1].want(place{"", fleet.Namespace(i)}, i)
	}
	for i := range nodes {
		wanted[2].want(place{"", fleet.Node(i)}, i)
	}
	for i, list := range []string{"/api/v1/pods", "/api/v1/namespaces", "/api/v1/nodes"} {
		if err := wanted[i].settle(ctx, c, list); err != nil {
			return err
		}
	}
	steps := []struct {
		what string
		do   func() (int, error)
	}{
		{"pods deleted", func() (int, error) { return deletePods(ctx, store, wanted[0].surplus, wanted[1].surplus) }},
		{"namespaces deleted", func() (int, error) { return deleteNamespaces(ctx, store, wanted[1].surplus) }},
		{"nodes deleted", func() (int, error) { return deleteNodes(ctx, c, wanted[2].surplus) }},
		{"nodes created", func() (int, error) { return createNodes(ctx, c, wanted[2].missing) }},
		{"namespaces created", func() (int, error) { return createNamespaces(ctx, c, wanted[1].missing) }},
		{"pods created", func() (int, error) { return createPods(ctx, c, store, wanted[0].missing) }},
	}
	for _, step := range steps {
		began := time.Now()
		count, err := step.do()
		if err != nil {
			return err
		}
		if count > 0 {
			log.Printf("%d %s in %.1f s", count, step.what, time.Since(began).Seconds())
		}
	}
	return wait(ctx, c, pods)
}

// place is where an object is; the namespace is empty for one that is in none.
type place struct{ namespace, name string }

// plan is what to do about one kind of object; the numbers are the fleet's.
type plan struct {
	missing map[place]int
	surplus []place
}

func (p *plan) want(at place, i int) {
	if p.missing == nil {
		p.missing = map[place]int{}
	}
	p.missing[at] = i
}

// settle takes what exists out of missing, and what is not wanted into surplus.
func (p *plan) settle(ctx context.Context, c *kube.Client, list string) error {
	query := url.Values{"labelSelector": {fleet.Selector}}
	_, err := c.List(ctx, list, query, func(raw json.RawMessage) error {
		var in struct {
			Metadata struct{ Namespace, Name, DeletionTimestamp string } `json:"metadata"`
		}
		if err := json.Unmarshal(raw, &in); err != nil {
			return err
		}
		at := place{in.Metadata.Namespace, in.Metadata.Name}
		if in.Metadata.DeletionTimestamp != "" {
			return nil
		}
		if _, ok := p.missing[at]; ok {
			delete(p.missing, at)
			return nil
		}
		p.surplus = append(p.surplus, at)
		return nil
	})
	return err
}

// wait until the API server tells of so many pods that run and no more, three minutes at most. Version 0
// lets it answer from memory: pages, or the newest version, it would read from etcd each time.
func wait(ctx context.Context, c *kube.Client, pods int) error {
	query := url.Values{"labelSelector": {fleet.Selector}, "fieldSelector": {"status.phase=Running"}, "resourceVersion": {"0"}, "limit": {"0"}}
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(time.Second) {
		run := 0
		if _, err := c.List(ctx, "/api/v1/pods", query, func(json.RawMessage) error { run++; return nil }); err != nil {
			return err
		}
		if run == pods {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d pods run, not %d", run, pods)
		}
	}
}
