package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"ronde.dev/lab/tools/internal/etcd"
	"ronde.dev/lab/tools/internal/fleet"
	"ronde.dev/lab/tools/internal/kube"
)

func createNodes(ctx context.Context, c *kube.Client, nodes map[place]int) (int, error) {
	return len(nodes), each(ctx, nodes, func(at place, i int) error {
		return create(ctx, c, "/api/v1/nodes", at.name, fleet.NodeObject(i))
	})
}

func createNamespaces(ctx context.Context, c *kube.Client, namespaces map[place]int) (int, error) {
	return len(namespaces), each(ctx, namespaces, func(at place, i int) error {
		return create(ctx, c, "/api/v1/namespaces", at.name, fleet.NamespaceObject(i))
	})
}

// createPods makes pods that run at once. The first goes through the API server, which does for a
// pod what costs it 10 ms of a core, twice; the others are written under it, after its example.
func createPods(ctx context.Context, c *kube.Client, store *etcd.Client, pods map[place]int) (int, error) {
	if len(pods) == 0 {
		return 0, nil
	}
	var first place
	for at := range pods {
		first = at
		break
	}
	stored, err := example(ctx, c, first, pods[first])
	if err != nil {
		return 0, err
	}
	return len(pods), each(ctx, pods, func(at place, i int) error {
		if at == first {
			return nil
		}
		now := time.Now()
		pod := fleet.PodObject(i)
		object, err := stored.Pod(pod, at.namespace, fleet.NewIdentity(now), fleet.Started(pod, i, now)["status"])
		if err != nil {
			return err
		}
		_, err = store.Put(ctx, etcd.Key("pods", at.namespace, at.name), object)
		return err
	})
}

// example creates a pod by the API server and gives it as it is stored. kwok is told to leave it alone
// until its status is written as kwok would write it; with that the word to kwok goes, so that kwok
// plays its end.
func example(ctx context.Context, c *kube.Client, at place, i int) (*fleet.Stored, error) {
	pod := fleet.PodObject(i)
	path := "/api/v1/namespaces/" + at.namespace + "/pods"
	if err := create(ctx, c, path, at.name, fleet.LeftAlone(pod)); err != nil {
		return nil, err
	}
	path += "/" + at.name
	if err := c.Do(ctx, http.MethodPut, path+"/status?fieldManager=kwok", "", fleet.Started(pod, i, time.Now()), nil); err != nil {
		return nil, err
	}
	return fleet.ReadStored(ctx, c, path)
}

// create is content with what is there already; one that is being deleted is waited for.
func create(ctx context.Context, c *kube.Client, path, name string, object any) error {
	for {
		err := retry(ctx, func() error { return c.Do(ctx, http.MethodPost, path, "", object, nil) })
		if kube.Code(err) != http.StatusConflict {
			return err
		}
		if !terminating(ctx, c, path+"/"+name) {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("%s/%s is still being deleted: %w", path, name, err)
		}
	}
}

func terminating(ctx context.Context, c *kube.Client, path string) bool {
	var in struct {
		Metadata struct {
			DeletionTimestamp string `json:"deletionTimestamp"`
		} `json:"metadata"`
	}
	err := c.Do(ctx, http.MethodGet, path, "", nil, &in)
	return kube.Code(err) == http.StatusNotFound || in.Metadata.DeletionTimestamp != ""
}
