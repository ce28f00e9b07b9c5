package main

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"ronde.dev/lab/tools/internal/etcd"
	"ronde.dev/lab/tools/internal/kube"
)

// What a namespace of the fleet holds, pods apart: controllers put it there.
var furniture = []string{"serviceaccounts", "configmaps", "events"}

// How long controllers may take to see that a namespace is gone: until then they would put what it
// held back into it.
const seen = 2 * time.Second

// deletePods removes all pods of a namespace that goes, and each pod of one that stays.
func deletePods(ctx context.Context, store *etcd.Client, pods, namespaces []place) (int, error) {
	goes := map[string]bool{}
	for _, at := range namespaces {
		goes[at.name] = true
	}
	keys := map[string]bool{}
	for _, at := range pods {
		if goes[at.namespace] {
			keys[etcd.Key("pods", at.namespace, "")] = true
		} else {
			keys[etcd.Key("pods", at.namespace, at.name)] = true
		}
	}
	return len(pods), parallel(ctx, maps.Keys(keys), func(key string) error { return store.Delete(ctx, key) })
}

// deleteNamespaces does not leave it to the namespace controller, which asks for every kind of object in
// each namespace: minutes of work for a thousand.
func deleteNamespaces(ctx context.Context, store *etcd.Client, namespaces []place) (int, error) {
	if len(namespaces) == 0 {
		return 0, nil
	}
	if err := parallel(ctx, slices.Values(namespaces), func(at place) error {
		return store.Delete(ctx, "/registry/namespaces/"+at.name)
	}); err != nil {
		return 0, err
	}
	time.Sleep(seen)
	return len(namespaces), parallel(ctx, slices.Values(namespaces), func(at place) error {
		for _, kind := range furniture {
			if err := store.Delete(ctx, etcd.Key(kind, at.name, "")); err != nil {
				return err
			}
		}
		return nil
	})
}

func deleteNodes(ctx context.Context, c *kube.Client, nodes []place) (int, error) {
	return len(nodes), parallel(ctx, slices.Values(nodes), func(at place) error {
		err := c.Do(ctx, http.MethodDelete, "/api/v1/nodes/"+at.name, "", nil, nil)
		if kube.Code(err) == http.StatusNotFound {
			return nil
		}
		return err
	})
}
