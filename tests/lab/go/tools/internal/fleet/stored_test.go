package fleet

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestAStoredPodHasTheDefaultsOfTheExampleAndNothingElseOfIt(t *testing.T) {
	now := time.Unix(1700000000, 0)
	example := PodObject(7)
	metadata := example["metadata"].(object)
	metadata["uid"], metadata["resourceVersion"], metadata["namespace"] = "example-uid", "123", "example-ns"
	metadata["managedFields"] = []object{{"fieldsV1": object{`k:{"ip":"10.64.0.7"}`: object{}}}}
	example["spec"].(object)["restartPolicy"] = "Always"
	example["spec"].(object)["containers"].([]object)[0]["terminationMessagePath"] = "/dev/termination-log"
	example["status"] = Started(example, 7, now)["status"]
	text, _ := json.Marshal(example)
	stored, err := NewStored(text)
	if err != nil {
		t.Fatal(err)
	}
	pod := PodObject(70)
	got, err := stored.Pod(pod, "tool-0070", Identity{"uid-70", "2024-01-01T00:00:00Z"}, Started(pod, 70, now)["status"])
	if err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []string{`"name":"web-00070"`, `"namespace":"tool-0070"`, `"uid":"uid-70"`, `"restartPolicy":"Always"`,
		`"terminationMessagePath":"/dev/termination-log"`, `"nodeName":"wn-070"`, `"podIP":"10.64.0.70"`, `k:{\"ip\":\"10.64.0.70\"}`} {
		if !strings.Contains(string(got), wanted) {
			t.Errorf("no %s in %s", wanted, got)
		}
	}
	for _, other := range []string{"web-00007", "wn-007", "example-", "resourceVersion", `10.64.0.7"`, `10.64.0.7\"`, "tool-7/"} {
		if strings.Contains(string(got), other) {
			t.Errorf("%s in %s", other, got)
		}
	}
	if _, err := NewStored(json.RawMessage(`{"metadata":{}}`)); err == nil {
		t.Error("an example that does not run is taken")
	}
}
