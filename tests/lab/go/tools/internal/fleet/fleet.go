// Package fleet describes the pods that scale makes and churn changes.
package fleet

import (
	"fmt"
	"maps"
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

// leaveAlone is the annotation by which kwok lets a pod be.
const leaveAlone = "kwok.x-k8s.io/status"

// LeftAlone is the same pod for kwok not to play, until Started is written.
func LeftAlone(pod object) object {
	metadata := maps.Clone(pod["metadata"].(object))
	metadata["annotations"] = maps.Clone(metadata["annotations"].(object))
	metadata["annotations"].(object)[leaveAlone] = "custom"
	pod = maps.Clone(pod)
	pod["metadata"] = metadata
	return pod
}

// Started is what to write to the status of the i-th pod, as kwok does it for one that runs. The
// labels and annotations are the pod's, for they are written with it.
func Started(pod object, i int, now time.Time) object {
	at := now.UTC().Format(time.RFC3339)
	statuses, conditions := []object{}, []object{}
	for _, container := range pod["spec"].(object)["containers"].([]object) {
		statuses = append(statuses, object{
			"name": container["name"], "image": container["image"], "imageID": "", "ready": true, "restartCount": 0,
			"state": object{"running": object{"startedAt": at}},
		})
	}
	for _, kind := range []string{"Initialized", "Ready", "ContainersReady"} {
		conditions = append(conditions, object{"type": kind, "status": "True", "lastProbeTime": nil, "lastTransitionTime": at})
	}
	ip := fmt.Sprintf("10.%d.%d.%d", 64+i>>16, i>>8&255, i&255)
	return object{
		"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"],
		"status": object{
			"phase": "Running", "startTime": at, "hostIP": "127.0.0.1", "podIP": ip, "podIPs": []object{{"ip": ip}},
			"conditions": conditions, "containerStatuses": statuses, "qosClass": "Burstable",
		},
	}
}

// Restarted is the status of the i-th pod whose first container restarted so often, now; after an odd
// number of restarts it is not ready.
func Restarted(pod object, i, restarts int, now time.Time) object {
	status := Started(pod, i, now)["status"].(object)
	if restarts == 0 {
		return status
	}
	at := now.UTC().Format(time.RFC3339)
	container := status["containerStatuses"].([]object)[0]
	id := fmt.Sprintf("containerd://%064x", i*100000+restarts)
	container["restartCount"], container["containerID"], container["started"] = restarts, id, true
	container["lastState"] = object{"terminated": object{"exitCode": 1, "reason": "Error", "startedAt": at, "finishedAt": at, "containerID": id}}
	if restarts%2 == 1 {
		container["ready"] = false
		for _, condition := range status["conditions"].([]object)[1:] {
			condition["status"] = "False"
		}
	}
	return status
}
