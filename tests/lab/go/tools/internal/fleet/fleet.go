// Package fleet describes the pods that scale makes and churn changes.
package fleet

import (
	"fmt"
	"strings"
	"time"
)

// Label marks every object of the fleet.
const Label = "lab.scale"

// Nodes is how many fake nodes carry it.
const Nodes = 100

// Selector finds the fleet.
const Selector = Label + "=true"

// Namespace is the name of the i-th namespace.
func Namespace(i int) string { return fmt.Sprintf("tool-%04d", i) }

// Node is the name of the i-th node.
func Node(i int) string { return fmt.Sprintf("wn-%03d", i%Nodes) }

// PodName is the name of the i-th pod.
func PodName(i int) string { return fmt.Sprintf("web-%05d", i) }

// ParsePodName is the reverse of PodName, or -1.
func ParsePodName(name string) int {
	var i int
	if n, err := fmt.Sscanf(name, "web-%d", &i); n != 1 || err != nil {
		return -1
	}
	return i
}

type object = map[string]any

// NamespaceObject is what to create for the i-th namespace.
func NamespaceObject(i int) object {
	return object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": Namespace(i), "labels": object{Label: "true"}}}
}

// NodeObject is what to create for the i-th node.
func NodeObject(i int) object {
	return object{
		"apiVersion": "v1", "kind": "Node",
		"metadata": object{
			"name":        Node(i),
			"labels":      object{Label: "true", "type": "kwok", "kubernetes.io/hostname": Node(i), "topology.kubernetes.io/zone": fmt.Sprintf("row-%c", 'a'+i%4)},
			"annotations": object{"kwok.x-k8s.io/node": "fake"},
		},
		"spec":   object{"taints": []object{{"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}}},
		"status": object{"capacity": object{"cpu": "32", "memory": "256Gi", "pods": "1000"}, "allocatable": object{"cpu": "32", "memory": "256Gi", "pods": "1000"}},
	}
}

// PodObject is the i-th pod, bound already. With what the API server and kwok add it is about 7 KB
// of JSON, as a pod of a Toolforge web service is.
func PodObject(i int) object {
	tool := i % 997
	env := []object{}
	for k := range 12 {
		env = append(env, object{"name": fmt.Sprintf("SETTING_%d", k), "value": fmt.Sprintf("value-%d-%s", k, strings.Repeat("x", 20))})
	}
	return object{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": object{
			"name":        PodName(i),
			"labels":      object{Label: "true", "name": fmt.Sprintf("tool-%d", tool), "toolforge": "tool", "app.kubernetes.io/component": "web", "tier": []string{"gold", "silver", "bronze"}[i%3]},
			"annotations": object{"checksum/config": strings.Repeat("ab", 32)},
		},
		"spec": object{
			"nodeName":    Node(i),
			"tolerations": []object{{"operator": "Exists"}},
			"containers": []object{
				{
					"name": "webservice", "image": fmt.Sprintf("docker-registry.example.org/toolforge-php84-sssd-web:%d", i%7),
					"command": []string{"/usr/bin/webservice-runner", "--type", "lighttpd", "--port", "8000"}, "workingDir": fmt.Sprintf("/data/project/tool-%d/", tool),
					"env": env, "ports": []object{{"containerPort": 8000, "name": "http"}},
					"livenessProbe":  object{"httpGet": object{"path": "/healthz", "port": 8000}, "periodSeconds": 10},
					"readinessProbe": object{"tcpSocket": object{"port": 8000}, "periodSeconds": 10},
					"resources":      object{"requests": object{"cpu": "125m", "memory": "256Mi"}, "limits": object{"cpu": "500m", "memory": "512Mi"}},
				},
				{"name": "logs", "image": "docker-registry.example.org/fluent-bit:2", "env": env[:4]},
			},
		},
	}
}

// PodStatus is a status of the i-th pod after some restarts.
func PodStatus(i, restarts int, ready bool, now time.Time) object {
	at := now.UTC().Format(time.RFC3339)
	id := fmt.Sprintf("containerd://%064x", i*100000+restarts)
	truth := map[bool]string{true: "True", false: "False"}
	container := func(name string, restarts int, ready bool) object {
		status := object{"name": name, "ready": ready, "started": true, "restartCount": restarts, "image": "x", "imageID": "x", "containerID": id, "state": object{"running": object{"startedAt": at}}}
		if restarts > 0 {
			status["lastState"] = object{"terminated": object{"exitCode": 1, "reason": "Error", "startedAt": at, "finishedAt": at, "containerID": id}}
		}
		return status
	}
	return object{
		"containerStatuses": []object{container("webservice", restarts, ready), container("logs", 0, true)},
		"conditions": []object{
			{"type": "Ready", "status": truth[ready], "lastTransitionTime": at},
			{"type": "ContainersReady", "status": truth[ready], "lastTransitionTime": at},
		},
	}
}
