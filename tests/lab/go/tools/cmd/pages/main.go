// Command pages lists a collection in pages over one connection and drops what it gets: the least
// that a client which wants all of it must wait. It prints objects' bytes, pages and seconds.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"ronde.dev/lab/tools/internal/kube"
)

// Where a list says how it goes on: at its beginning, before the first object.
const beginning = 4096

var more = regexp.MustCompile(`"continue":"([^"]+)"`)

func main() {
	log.SetFlags(0)
	log.SetPrefix("pages: ")
	server := flag.String("server", "", "API server")
	pki := flag.String("pki", "", "folder of certificates")
	path := flag.String("path", "/api/v1/pods", "the collection")
	limit := flag.Int("limit", 100, "objects a page")
	flag.Parse()
	config, err := kube.TLS(*pki, "lab")
	if err != nil {
		log.Fatal(err)
	}
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: config, MaxConnsPerHost: 1}}
	began := time.Now()
	bytes, pages, next := 0, 0, ""
	for {
		address := fmt.Sprintf("%s%s?limit=%d&continue=%s", *server, *path, *limit, url.QueryEscape(next))
		page, err := fetch(&client, address)
		if err != nil {
			log.Fatal(err)
		}
		bytes += len(page)
		pages++
		found := more.FindSubmatch(page[:min(len(page), beginning)])
		if found == nil {
			break
		}
		next = string(found[1])
	}
	fmt.Printf("%d %d %.2f\n", bytes, pages, time.Since(began).Seconds())
}

func fetch(client *http.Client, address string) ([]byte, error) {
	answer, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, page[:min(len(page), 200)])
	}
	return page, err
}
