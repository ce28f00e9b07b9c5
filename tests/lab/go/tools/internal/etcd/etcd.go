// Package etcd writes to the store under an API server, past it, by etcd's JSON gateway. The API
// server reads JSON as well as the protobuf it writes, and tells its watchers of every change: so
// thousands of objects cost two cores seconds instead of minutes. What is written must be what the
// API server would have written, for nobody checks it.
package etcd

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"ronde.dev/lab/tools/internal/kube"
)

// Client speaks to one etcd.
type Client struct{ http *kube.Client }

// New reads ca.crt and NAME.crt, NAME.key from the folder pki.
func New(server, pki, name string) (*Client, error) {
	http, err := kube.New(server, pki, name)
	return &Client{http}, err
}

// Key is where the API server keeps an object of the core group, or with no name, in front of all
// those of a namespace.
func Key(resource, namespace, name string) string {
	return "/registry/" + strings.Join([]string{resource, namespace, name}, "/")
}

// Put writes an object and gives the revision of the store with it.
func (c *Client) Put(ctx context.Context, key string, object json.RawMessage) (int64, error) {
	var answer struct {
		Header struct {
			Revision int64 `json:"revision,string"`
		} `json:"header"`
	}
	err := c.http.Do(ctx, http.MethodPost, "/v3/kv/put", "", map[string][]byte{"key": []byte(key), "value": object}, &answer)
	return answer.Header.Revision, err
}

// Delete removes one object, or with a key that ends in a slash all objects under it.
func (c *Client) Delete(ctx context.Context, key string) error {
	ask := map[string][]byte{"key": []byte(key)}
	if under, ok := strings.CutSuffix(key, "/"); ok {
		ask["range_end"] = []byte(under + "0") // the character after the slash
	}
	return c.http.Do(ctx, http.MethodPost, "/v3/kv/deleterange", "", ask, nil)
}
