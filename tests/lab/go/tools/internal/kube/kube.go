// Package kube is the little that the lab's tools need of a Kubernetes client: JSON requests with
// a client certificate, and list-then-watch.
package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Client speaks to one API server.
type Client struct {
	// NamesOnly asks for the metadata of objects alone.
	NamesOnly bool
	server    string
	http      *http.Client
}

// New reads ca.crt and NAME.crt, NAME.key from the folder pki.
func New(server, pki, name string) (*Client, error) {
	config, err := TLS(pki, name)
	if err != nil {
		return nil, err
	}
	// HTTP/1.1 with many connections: one HTTP/2 connection serves 100 streams only, and its
	// flow control makes a bulk of creations slower.
	transport := &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: 64}
	return &Client{server: server, http: &http.Client{Transport: transport}}, nil
}

// TLS is a client's configuration with the certificate NAME of the folder pki.
func TLS(pki, name string) (*tls.Config, error) {
	ca, err := os.ReadFile(filepath.Join(pki, "ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s/ca.crt: no certificate", pki)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(pki, name+".crt"), filepath.Join(pki, name+".key"))
	if err != nil {
		return nil, err
	}
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}, nil
}

// Failure is an answer of the API server that is not a success.
type Failure struct {
	Code int
	Text string
}

func (f *Failure) Error() string { return fmt.Sprintf("%d %s", f.Code, f.Text) }

// Code is the HTTP status of a Failure, 0 of any other error.
func Code(err error) int {
	if f, ok := err.(*Failure); ok {
		return f.Code
	}
	return 0
}

// Do sends body as JSON (kind is the content type, empty for plain JSON) and decodes the answer
// into out, unless that is nil.
func (c *Client) Do(ctx context.Context, method, path, kind string, body, out any) error {
	answer, err := c.send(ctx, method, path, kind, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	return json.NewDecoder(answer.Body).Decode(out)
}

func (c *Client) send(ctx context.Context, method, path, kind string, body any) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.server+path, reader)
	if err != nil {
		return nil, err
	}
	if kind == "" {
		kind = "application/json"
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("User-Agent", "ronde-lab")
	request.Header.Set("Accept", "application/json")
	if c.NamesOnly {
		form := "PartialObjectMetadata"
		// A query asks for a collection, or is about how to write one object.
		if (method == http.MethodGet || method == http.MethodDelete) && strings.Contains(path, "?") {
			form = "PartialObjectMetadataList"
		}
		request.Header.Set("Accept", "application/json;as="+form+";g=meta.k8s.io;v=v1,application/json")
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 300))
		answer.Body.Close()
		return nil, &Failure{Code: answer.StatusCode, Text: string(text)}
	}
	return answer, nil
}

type page struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
		Continue        string `json:"continue"`
	} `json:"metadata"`
	Items []json.RawMessage `json:"items"`
}

// List calls each with every object of a collection, in pages, and gives its resource version.
// The path has a query already or none.
func (c *Client) List(ctx context.Context, path string, query url.Values, each func(json.RawMessage) error) (string, error) {
	ask := url.Values{"limit": {"500"}}
	for key, value := range query {
		ask[key] = value
	}
	for {
		var got page
		if err := c.Do(ctx, http.MethodGet, path+"?"+ask.Encode(), "", nil, &got); err != nil {
			return "", err
		}
		for _, item := range got.Items {
			if err := each(item); err != nil {
				return "", err
			}
		}
		if got.Metadata.Continue == "" {
			return got.Metadata.ResourceVersion, nil
		}
		ask.Set("continue", got.Metadata.Continue)
	}
}

// Follow keeps a collection known for ever: reset begins a new list, set and remove tell changes.
func (c *Client) Follow(ctx context.Context, path string, reset func(), set, remove func(json.RawMessage)) {
	for ctx.Err() == nil {
		reset()
		version, err := c.List(ctx, path, nil, func(item json.RawMessage) error { set(item); return nil })
		for err == nil {
			version, err = c.watch(ctx, path, version, set, remove)
		}
		log.Printf("%s: %v", path, err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// watch gives the last version seen when the server ends the watch in good order.
func (c *Client) watch(ctx context.Context, path, version string, set, remove func(json.RawMessage)) (string, error) {
	ask := url.Values{"watch": {"1"}, "resourceVersion": {version}, "allowWatchBookmarks": {"true"}}
	answer, err := c.send(ctx, http.MethodGet, path+"?"+ask.Encode(), "", nil)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	decoder := json.NewDecoder(answer.Body)
	for {
		var event struct {
			Type   string          `json:"type"`
			Object json.RawMessage `json:"object"`
		}
		if err := decoder.Decode(&event); err == io.EOF {
			return version, nil
		} else if err != nil {
			return "", err
		}
		var object struct {
			Metadata struct {
				ResourceVersion string `json:"resourceVersion"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(event.Object, &object); err != nil {
			return "", err
		}
		switch event.Type {
		case "ADDED", "MODIFIED":
			set(event.Object)
		case "DELETED":
			remove(event.Object)
		case "ERROR":
			return "", fmt.Errorf("watch: %s", event.Object)
		}
		version = object.Metadata.ResourceVersion
	}
}
