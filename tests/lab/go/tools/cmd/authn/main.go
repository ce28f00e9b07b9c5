// Command authn answers the API servers' token reviews from a folder that it reads anew at each
// question, so a token can expire and come back while everything runs. Each file of the folder is
// one user: its name is the user's, its lines are the token and the groups. A file called
// NAME.expired is not looked at.
package main

import (
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

type review struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		Token string `json:"token"`
	} `json:"spec"`
}

type user struct {
	Username string   `json:"username"`
	UID      string   `json:"uid"`
	Groups   []string `json:"groups"`
}

type status struct {
	Authenticated bool   `json:"authenticated"`
	User          *user  `json:"user,omitempty"`
	Error         string `json:"error,omitempty"`
}

func main() {
	log.SetPrefix("authn: ")
	listen := flag.String("listen", "", "address to listen on")
	cert := flag.String("cert", "", "certificate file")
	key := flag.String("key", "", "key file")
	dir := flag.String("tokens", "", "folder of tokens")
	flag.Parse()
	handler := func(w http.ResponseWriter, r *http.Request) {
		var in review
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"apiVersion": in.APIVersion, "kind": in.Kind, "status": lookUp(*dir, in.Spec.Token),
		})
	}
	log.Fatal(http.ListenAndServeTLS(*listen, *cert, *key, http.HandlerFunc(handler)))
}

func lookUp(dir, token string) status {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return status{Error: err.Error()}
	}
	for _, entry := range entries {
		name := entry.Name()
		if token == "" || strings.Contains(name, ".") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		words := strings.Fields(string(text))
		if len(words) > 0 && words[0] == token {
			return status{Authenticated: true, User: &user{Username: name, UID: name, Groups: words[1:]}}
		}
	}
	return status{Error: "token unknown or expired"}
}
