// Command image packs a folder as an image archive that both `docker load` and
// `ctr images import` read: image -root DIR -out FILE [-entrypoint PATH] NAME:TAG…
package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"time"
)

// A fixed time keeps the archive, and so the image's ID, equal from build to build.
var created = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func main() {
	log.SetFlags(0)
	log.SetPrefix("image: ")
	root := flag.String("root", "", "folder to pack")
	out := flag.String("out", "", "archive to write")
	entrypoint := flag.String("entrypoint", "", "entry point, a path in the image")
	flag.Parse()
	if err := run(*root, *out, *entrypoint, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(root, out, entrypoint string, names []string) error {
	layer, err := pack(root)
	if err != nil {
		return err
	}
	process := map[string]any{"Env": []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}}
	if entrypoint != "" {
		process["Entrypoint"] = []string{entrypoint}
	} else {
		process["Cmd"] = []string{"/bin/sh"}
	}
	config, err := json.Marshal(map[string]any{
		"architecture": "amd64",
		"os":           "linux",
		"created":      created,
		"config":       process,
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest(layer)}},
	})
	if err != nil {
		return err
	}
	configName := digest(config) + ".json"
	manifest, err := json.Marshal([]map[string]any{{
		"Config": configName, "RepoTags": names, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, file := range []struct {
		name string
		data []byte
	}{{configName, config}, {"layer.tar", layer}, {"manifest.json", manifest}} {
		header := &tar.Header{Name: file.name, Mode: 0o644, Size: int64(len(file.data)), ModTime: created}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		if _, err := w.Write(file.data); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(out, archive.Bytes(), 0o644)
}

func pack(root string) ([]byte, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		link := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			if link, err = os.Readlink(path); err != nil {
				return err
			}
		}
		header, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return err
		}
		if header.Name, err = filepath.Rel(root, path); err != nil {
			return err
		}
		header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
		header.ModTime = created
		if err := w.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = w.Close()
	return layer.Bytes(), err
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
