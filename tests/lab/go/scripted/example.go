package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
)

type object = map[string]any

// example is what a real engine answers about itself and about one running container.
type example struct {
	version, info, summary, inspect, stats object
	images                                 []object
}

func newExample(socket, container string) (*example, error) {
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	e := &example{}
	summaries := []object{}
	filters := url.Values{"filters": {fmt.Sprintf(`{"name": ["^/%s$"]}`, container)}}.Encode()
	for path, into := range map[string]any{
		"/version":                           &e.version,
		"/info":                              &e.info,
		"/images/json":                       &e.images,
		"/containers/json?" + filters:        &summaries,
		"/containers/" + container + "/json": &e.inspect,
		"/containers/" + container + "/stats?stream=0": &e.stats,
	} {
		if err := get(client, path, into); err != nil {
			return nil, fmt.Errorf("the real engine: %s: %w", path, err)
		}
	}
	if len(summaries) != 1 {
		return nil, fmt.Errorf("the real engine has no running container %q", container)
	}
	e.summary = summaries[0]
	return e, nil
}

func get(client *http.Client, path string, into any) error {
	response, err := client.Get("http://engine" + path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

func (e *example) apiVersion() string { return fmt.Sprint(e.version["ApiVersion"]) }

// with is a copy of an object with some of its fields replaced.
func with(from, fields object) object {
	to := maps.Clone(from)
	maps.Copy(to, fields)
	return to
}
