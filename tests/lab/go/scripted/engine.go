package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var version = regexp.MustCompile(`^/v1\.[0-9]+/`)

// serveEngine serves what Docker's API answers to whom only looks: each answer is that of the real engine with the names and
// figures of this host. Connections come as SSH channels, and from programs on the host by its socket.
func (h *host) serveEngine(real *example) error {
	handler := h.api(real)
	h.engine = make(chan net.Conn)
	go func() { check(http.Serve(channels(h.engine), handler)) }()
	listener, err := net.Listen("unix", h.socket)
	if err != nil {
		return err
	}
	go func() { check(http.Serve(listener, handler)) }()
	return nil
}

// channels is a listener whose connections come from a Go channel.
type channels chan net.Conn

func (c channels) Accept() (net.Conn, error) { return <-c, nil }
func (c channels) Close() error              { return nil }
func (c channels) Addr() net.Addr            { return &net.UnixAddr{Name: "/run/docker.sock", Net: "unix"} }

func (h *host) api(real *example) http.Handler {
	api := http.NewServeMux()
	api.HandleFunc("GET /_ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("OK")) })
	api.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { answer(w, real.version) })
	api.HandleFunc("GET /images/json", func(w http.ResponseWriter, _ *http.Request) { answer(w, real.images) })
	api.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, with(real.info, object{
			"ID": engineID(h.name), "Name": h.name, "DockerRootDir": "/var/lib/docker",
			"Containers": len(h.containers), "ContainersRunning": len(h.containers), "ContainersPaused": 0, "ContainersStopped": 0,
		}))
	})
	api.HandleFunc("GET /containers/json", func(w http.ResponseWriter, _ *http.Request) {
		list := []object{}
		for _, c := range h.containers {
			list = append(list, with(real.summary, object{
				"Id": c.id, "Names": []string{"/" + c.name}, "Created": c.created.Unix(),
				"Labels": object{"com.docker.compose.project": "scripted", "com.docker.compose.service": c.name},
				"Status": fmt.Sprintf("Up %d minutes", int(time.Since(c.created).Minutes())),
			}))
		}
		answer(w, list)
	})
	h.handle(api, "json", func(w http.ResponseWriter, _ *http.Request, c container) {
		began := c.created.UTC().Format(time.RFC3339Nano)
		state := with(real.inspect["State"].(object), object{"Pid": c.pid, "StartedAt": began})
		settings := with(real.inspect["HostConfig"].(object), object{"CgroupParent": ""})
		answer(w, with(real.inspect, object{"Id": c.id, "Name": "/" + c.name, "Created": began, "State": state, "HostConfig": settings}))
	})
	h.handle(api, "stats", func(w http.ResponseWriter, r *http.Request, c container) {
		stream := r.URL.Query().Get("stream") != "false" && r.URL.Query().Get("stream") != "0"
		for before := time.Now().Add(-time.Second); ; {
			now := time.Now()
			answer(w, c.stats(real.stats, before, now))
			if before = now; !stream {
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(time.Second):
			}
		}
	})
	h.handle(api, "top", func(w http.ResponseWriter, _ *http.Request, c container) {
		answer(w, object{"Titles": []string{"PID", "CMD"}, "Processes": [][]string{{strconv.Itoa(c.pid), "sleep infinity"}}})
	})
	h.handle(api, "logs", func(http.ResponseWriter, *http.Request, container) {})
	// Nothing ever happens to them.
	api.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", real.apiVersion())
		w.Header().Set("Content-Type", "application/json")
		r.URL.Path = version.ReplaceAllString(r.URL.Path, "/")
		api.ServeHTTP(w, r)
	})
}

// handle leads /containers/{id}/WHAT to the container of that id or name.
func (h *host) handle(api *http.ServeMux, what string, then func(http.ResponseWriter, *http.Request, container)) {
	api.HandleFunc("GET /containers/{id}/"+what, func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		for _, c := range h.containers {
			if c.name == id || (len(id) >= 12 && strings.HasPrefix(c.id, id)) {
				then(w, r, c)
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
		answer(w, object{"message": "No such container: " + id})
	})
}

func answer(w http.ResponseWriter, value any) {
	_ = json.NewEncoder(w).Encode(value)
	_ = http.NewResponseController(w).Flush()
}

// stats has the figures of the control groups in the real engine's form; what happened before `before` is not kept, so the
// earlier sample is the later one.
func (c container) stats(real object, before, now time.Time) object {
	memory := with(real["memory_stats"].(object), object{"usage": c.figure("memory.usage_in_bytes", "memory.current")})
	cpu := with(real["cpu_stats"].(object), object{
		"cpu_usage":        object{"total_usage": c.figure("cpuacct.usage", "cpu.stat"), "usage_in_kernelmode": 0, "usage_in_usermode": 0},
		"system_cpu_usage": machineTime(),
	})
	return with(real, object{
		"id": c.id, "name": "/" + c.name, "read": now.UTC().Format(time.RFC3339Nano), "preread": before.UTC().Format(time.RFC3339Nano),
		"pids_stats": object{"current": c.figure("pids.current")}, "cpu_stats": cpu, "precpu_stats": cpu, "memory_stats": memory,
	})
}

// machineTime is the time that all processors have spent, in nanoseconds, as the engine counts it.
func machineTime() uint64 {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	sum := uint64(0)
	for i, field := range strings.Fields(line) {
		if ticks, err := strconv.ParseUint(field, 10, 64); err == nil && i <= 8 {
			sum += ticks * 10_000_000
		}
	}
	return sum
}

// engineID has the shape of a real one, and is another for each host.
func engineID(name string) string {
	hash := fnv.New64a()
	parts := []string{}
	for i := range 12 {
		fmt.Fprintf(hash, "%s %d", name, i)
		parts = append(parts, strings.ToUpper(strconv.FormatUint(hash.Sum64()|1<<63, 36)[:4]))
	}
	return strings.Join(parts, ":")
}
