// Command metrics serves metrics.k8s.io/v1beta1 for a cluster. What runs on a real node is read
// from its kubelet; what a fake node runs gets synthetic figures, steady for each name, moving a
// little with time, and marked by the annotation lab/synthetic.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"log"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"ronde.dev/lab/tools/internal/kube"
)

const (
	group  = "metrics.k8s.io/v1beta1"
	window = "15s"
)

// Usage is what a container or node takes: nanocores and bytes.
type usage struct{ cpu, memory uint64 }

func (u usage) strings() map[string]string {
	return map[string]string{"cpu": fmt.Sprintf("%dn", u.cpu), "memory": fmt.Sprintf("%dKi", u.memory/1024)}
}

type pod struct {
	labels     map[string]string
	node       string
	running    bool
	containers []string
}

type node struct {
	labels map[string]string
	ready  bool
	cores  float64
}

type state struct {
	sync.RWMutex
	pods  map[string]pod // namespace/name
	nodes map[string]node
	// Of real nodes, as their kubelets last said; containers by namespace/name/container.
	realNodes      map[string]usage
	realContainers map[string]usage
	real           map[string]bool
}

func main() {
	log.SetPrefix("metrics: ")
	listen := flag.String("listen", "", "address to listen on")
	server := flag.String("server", "", "API server")
	pki := flag.String("pki", "", "folder of certificates")
	kubelets := map[string]string{}
	flag.Func("kubelet", "NODE=URL of a real node", func(text string) error {
		name, url, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("expected NODE=URL")
		}
		kubelets[name] = url
		return nil
	})
	flag.Parse()
	client, err := kube.New(*server, *pki, "metrics")
	if err != nil {
		log.Fatal(err)
	}
	s := &state{pods: map[string]pod{}, nodes: map[string]node{}, realNodes: map[string]usage{}, realContainers: map[string]usage{}, real: map[string]bool{}}
	ctx := context.Background()
	go client.Follow(ctx, "/api/v1/pods", s.resetPods, s.setPod, s.removePod)
	go client.Follow(ctx, "/api/v1/nodes", s.resetNodes, s.setNode, s.removeNode)
	for name, url := range kubelets {
		s.real[name] = true
		config, err := kube.TLS(*pki, "metrics")
		if err != nil {
			log.Fatal(err)
		}
		go s.scrape(name, url, config)
	}
	serving := http.Server{Addr: *listen, Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(serving.ListenAndServeTLS(*pki+"/server.crt", *pki+"/server.key"))
}

// --- what the API server knows ---------------------------------------------------------------

func (s *state) resetPods() { s.Lock(); clear(s.pods); s.Unlock() }

func (s *state) resetNodes() { s.Lock(); clear(s.nodes); s.Unlock() }

type meta struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
}

func (s *state) setPod(raw json.RawMessage) {
	var in struct {
		Metadata meta `json:"metadata"`
		Spec     struct {
			NodeName   string `json:"nodeName"`
			Containers []struct {
				Name string `json:"name"`
			} `json:"containers"`
		} `json:"spec"`
		Status struct {
			Phase string `json:"phase"`
		} `json:"status"`
	}
	if json.Unmarshal(raw, &in) != nil {
		return
	}
	p := pod{labels: in.Metadata.Labels, node: in.Spec.NodeName, running: in.Status.Phase == "Running"}
	for _, container := range in.Spec.Containers {
		p.containers = append(p.containers, container.Name)
	}
	s.Lock()
	s.pods[in.Metadata.Namespace+"/"+in.Metadata.Name] = p
	s.Unlock()
}

func (s *state) removePod(raw json.RawMessage) {
	var in struct {
		Metadata meta `json:"metadata"`
	}
	if json.Unmarshal(raw, &in) == nil {
		s.Lock()
		delete(s.pods, in.Metadata.Namespace+"/"+in.Metadata.Name)
		s.Unlock()
	}
}

func (s *state) setNode(raw json.RawMessage) {
	var in struct {
		Metadata meta `json:"metadata"`
		Status   struct {
			Allocatable map[string]string `json:"allocatable"`
			Conditions  []struct{ Type, Status string }
		} `json:"status"`
	}
	if json.Unmarshal(raw, &in) != nil {
		return
	}
	n := node{labels: in.Metadata.Labels}
	_, _ = fmt.Sscan(in.Status.Allocatable["cpu"], &n.cores)
	for _, condition := range in.Status.Conditions {
		n.ready = n.ready || condition.Type == "Ready" && condition.Status == "True"
	}
	s.Lock()
	s.nodes[in.Metadata.Name] = n
	s.Unlock()
}

func (s *state) removeNode(raw json.RawMessage) {
	var in struct {
		Metadata meta `json:"metadata"`
	}
	if json.Unmarshal(raw, &in) == nil {
		s.Lock()
		delete(s.nodes, in.Metadata.Name)
		s.Unlock()
	}
}

// --- what a kubelet says -----------------------------------------------------------------------

type sample struct {
	CPU    *struct{ UsageNanoCores *uint64 }  `json:"cpu"`
	Memory *struct{ WorkingSetBytes *uint64 } `json:"memory"`
}

func (s sample) usage() (usage, bool) {
	if s.CPU == nil || s.CPU.UsageNanoCores == nil || s.Memory == nil || s.Memory.WorkingSetBytes == nil {
		return usage{}, false
	}
	return usage{*s.CPU.UsageNanoCores, *s.Memory.WorkingSetBytes}, true
}

func (s *state) scrape(name, url string, config *tls.Config) {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: 10 * time.Second}
	for ; ; time.Sleep(5 * time.Second) {
		if err := s.scrapeOnce(client, name, url); err != nil {
			log.Printf("%s: %v", name, err)
		}
	}
}

func (s *state) scrapeOnce(client *http.Client, name, url string) error {
	answer, err := client.Get(url + "/stats/summary")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var in struct {
		Node sample `json:"node"`
		Pods []struct {
			PodRef     meta `json:"podRef"`
			Containers []struct {
				Name string `json:"name"`
				sample
			} `json:"containers"`
		} `json:"pods"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&in); err != nil {
		return err
	}
	s.Lock()
	defer s.Unlock()
	clear(s.realContainers)
	if used, ok := in.Node.usage(); ok {
		s.realNodes[name] = used
	}
	for _, pod := range in.Pods {
		for _, container := range pod.Containers {
			if used, ok := container.usage(); ok {
				s.realContainers[pod.PodRef.Namespace+"/"+pod.PodRef.Name+"/"+container.Name] = used
			}
		}
	}
	return nil
}

// --- synthetic figures -------------------------------------------------------------------------

// synthetic is between 5 and 500 millicores and 16 and 528 MiB, swinging by a tenth in a minute.
func synthetic(name string, now time.Time) usage {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	sum := h.Sum64()
	swing := 1 + 0.1*math.Sin(2*math.Pi*(float64(now.Unix()%60)/60+float64(sum%97)/97))
	cpu := 5 * math.Pow(100, float64(sum>>8%1000)/1000)
	memory := 16 + 512*float64(sum>>20%1000)/1000
	return usage{uint64(cpu * swing * 1e6), uint64(memory * swing * (1 << 20))}
}

// --- the API -----------------------------------------------------------------------------------

func (s *state) podMetrics(key string, now time.Time) (map[string]any, bool) {
	s.RLock()
	defer s.RUnlock()
	p, ok := s.pods[key]
	if !ok || !p.running || p.node == "" {
		return nil, false
	}
	namespace, name, _ := strings.Cut(key, "/")
	metadata := map[string]any{"name": name, "namespace": namespace, "labels": p.labels, "creationTimestamp": now.UTC().Format(time.RFC3339)}
	containers := []any{}
	for _, container := range p.containers {
		used, known := s.realContainers[key+"/"+container]
		if !s.real[p.node] {
			used, known = synthetic(key+"/"+container, now), true
			metadata["annotations"] = map[string]string{"lab/synthetic": "true"}
		}
		if known {
			containers = append(containers, map[string]any{"name": container, "usage": used.strings()})
		}
	}
	if len(containers) == 0 {
		return nil, false
	}
	return map[string]any{"metadata": metadata, "timestamp": now.UTC().Format(time.RFC3339), "window": window, "containers": containers}, true
}

func (s *state) nodeMetrics(name string, now time.Time) (map[string]any, bool) {
	s.RLock()
	defer s.RUnlock()
	n, ok := s.nodes[name]
	if !ok || !n.ready {
		return nil, false
	}
	metadata := map[string]any{"name": name, "labels": n.labels, "creationTimestamp": now.UTC().Format(time.RFC3339)}
	used, known := s.realNodes[name]
	if !s.real[name] {
		share := synthetic(name, now)
		used = usage{uint64(float64(share.cpu) * max(n.cores, 1)), share.memory * 40}
		known = true
		metadata["annotations"] = map[string]string{"lab/synthetic": "true"}
	}
	if !known {
		return nil, false
	}
	return map[string]any{"metadata": metadata, "timestamp": now.UTC().Format(time.RFC3339), "window": window, "usage": used.strings()}, true
}

func (s *state) routes() http.Handler {
	const root = "/apis/metrics.k8s.io"
	version := map[string]string{"groupVersion": group, "version": "v1beta1"}
	resource := func(name, kind string, namespaced bool) map[string]any {
		return map[string]any{"name": name, "singularName": "", "namespaced": namespaced, "kind": kind, "verbs": []string{"get", "list"}}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /apis", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": []any{
			map[string]any{"name": "metrics.k8s.io", "versions": []any{version}, "preferredVersion": version},
		}})
	})
	mux.HandleFunc("GET "+root, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"kind": "APIGroup", "apiVersion": "v1", "name": "metrics.k8s.io", "versions": []any{version}, "preferredVersion": version})
	})
	mux.HandleFunc("GET "+root+"/v1beta1", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": []any{
			resource("nodes", "NodeMetrics", false), resource("pods", "PodMetrics", true),
		}})
	})
	mux.HandleFunc("GET "+root+"/v1beta1/nodes", func(w http.ResponseWriter, r *http.Request) {
		s.list(w, r, "NodeMetricsList", "")
	})
	mux.HandleFunc("GET "+root+"/v1beta1/pods", func(w http.ResponseWriter, r *http.Request) {
		s.list(w, r, "PodMetricsList", "")
	})
	mux.HandleFunc("GET "+root+"/v1beta1/namespaces/{namespace}/pods", func(w http.ResponseWriter, r *http.Request) {
		s.list(w, r, "PodMetricsList", r.PathValue("namespace")+"/")
	})
	mux.HandleFunc("GET "+root+"/v1beta1/nodes/{name}", func(w http.ResponseWriter, r *http.Request) {
		found, ok := s.nodeMetrics(r.PathValue("name"), time.Now())
		one(w, "NodeMetrics", "nodes", r.PathValue("name"), found, ok)
	})
	mux.HandleFunc("GET "+root+"/v1beta1/namespaces/{namespace}/pods/{name}", func(w http.ResponseWriter, r *http.Request) {
		found, ok := s.podMetrics(r.PathValue("namespace")+"/"+r.PathValue("name"), time.Now())
		one(w, "PodMetrics", "pods", r.PathValue("name"), found, ok)
	})
	return mux
}

func (s *state) list(w http.ResponseWriter, r *http.Request, kind, prefix string) {
	wanted := selector(r.URL.Query().Get("labelSelector"))
	now := time.Now()
	names := []string{}
	s.RLock()
	if kind == "NodeMetricsList" {
		for name, n := range s.nodes {
			if wanted(n.labels) {
				names = append(names, name)
			}
		}
	} else {
		for name, p := range s.pods {
			if strings.HasPrefix(name, prefix) && wanted(p.labels) {
				names = append(names, name)
			}
		}
	}
	s.RUnlock()
	slices.Sort(names)
	items := []any{}
	for _, name := range names {
		found, ok := map[string]any(nil), false
		if kind == "NodeMetricsList" {
			found, ok = s.nodeMetrics(name, now)
		} else {
			found, ok = s.podMetrics(name, now)
		}
		if ok {
			items = append(items, found)
		}
	}
	reply(w, map[string]any{"kind": kind, "apiVersion": group, "metadata": map[string]any{}, "items": items})
}

// selector understands key=value, key==value, key!=value and key, with commas between.
func selector(text string) func(map[string]string) bool {
	return func(labels map[string]string) bool {
		for _, term := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
			if key, value, ok := strings.Cut(term, "!="); ok {
				if labels[key] == value {
					return false
				}
			} else if key, value, ok := strings.Cut(strings.Replace(term, "==", "=", 1), "="); ok {
				if labels[key] != value {
					return false
				}
			} else if _, ok := labels[term]; !ok {
				return false
			}
		}
		return true
	}
}

func one(w http.ResponseWriter, kind, resource, name string, found map[string]any, ok bool) {
	if !ok {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
			"message": fmt.Sprintf("%s.metrics.k8s.io %q not found", resource, name),
		})
		return
	}
	found["kind"], found["apiVersion"] = kind, group
	reply(w, found)
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}
