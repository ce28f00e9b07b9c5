package fleet

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"ronde.dev/lab/tools/internal/kube"
)

// Stored makes pods as the API server stores them, after the example of one that it has stored: with
// its defaults and managed fields.
type Stored struct {
	example object
	ip      string
}

// ReadStored takes a pod of a cluster as the example.
func ReadStored(ctx context.Context, c *kube.Client, path string) (*Stored, error) {
	whole := *c
	whole.NamesOnly = false
	var pod json.RawMessage
	if err := whole.Do(ctx, http.MethodGet, path, "", nil, &pod); err != nil {
		return nil, err
	}
	return NewStored(pod)
}

// NewStored takes the example, a pod of the fleet as the API server gives it.
func NewStored(example json.RawMessage) (*Stored, error) {
	var pod object
	if err := json.Unmarshal(example, &pod); err != nil {
		return nil, err
	}
	metadata, ok := pod["metadata"].(object)
	status, _ := pod["status"].(object)
	ip, _ := status["podIP"].(string)
	if !ok || ip == "" {
		return nil, fmt.Errorf("the example has no metadata or does not run: %.200s", example)
	}
	for _, its := range []string{"resourceVersion", "uid", "annotations", "labels"} {
		delete(metadata, its)
	}
	delete(pod, "status")
	return &Stored{pod, ip}, nil
}

// Identity is what tells a pod from others of the same name, before or after it.
type Identity struct {
	UID     string `json:"uid"`
	Created string `json:"creationTimestamp"`
}

// NewIdentity is that of a pod created now.
func NewIdentity(now time.Time) Identity {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return Identity{fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), now.UTC().Format(time.RFC3339)}
}

// Pod is a pod of the fleet, in a namespace, with this status, as JSON.
func (s *Stored) Pod(pod object, namespace string, id Identity, status any) (json.RawMessage, error) {
	text, err := json.Marshal(pod)
	if err != nil {
		return nil, err
	}
	var plain object
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, err
	}
	full := merge(s.example, plain).(object)
	metadata := full["metadata"].(object)
	metadata["namespace"], metadata["uid"], metadata["creationTimestamp"] = namespace, id.UID, id.Created
	full["status"] = status
	if text, err = json.Marshal(full); err != nil {
		return nil, err
	}
	// Managed fields name the address, in a name that is JSON itself: the only place with these quotes.
	if fields, ok := status.(object); ok {
		if ip, ok := fields["podIP"].(string); ok {
			text = bytes.ReplaceAll(text, []byte(`\"`+s.ip+`\"`), []byte(`\"`+ip+`\"`))
		}
	}
	return text, nil
}

// merge lays one JSON value over another; lists of the same length item by item.
func merge(under, over any) any {
	switch over := over.(type) {
	case object:
		under, _ := under.(object)
		merged := make(object, len(under)+len(over))
		for key, value := range under {
			merged[key] = value
		}
		for key, value := range over {
			merged[key] = merge(under[key], value)
		}
		return merged
	case []any:
		under, _ := under.([]any)
		if len(under) != len(over) {
			return over
		}
		merged := make([]any, len(over))
		for i := range over {
			merged[i] = merge(under[i], over[i])
		}
		return merged
	default:
		return over
	}
}
