package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A host: a process that holds its namespaces, and idle processes in control groups as an engine makes them.
type host struct {
	name       string
	keeper     int
	trees      []string
	containers []container
	socket     string // where its engine listens for programs that run on it
	engine     chan net.Conn
}

type container struct {
	id, name string
	pid      int
	groups   []string // its folder in each tree
	created  time.Time
}

var services = []string{"web", "db", "cache", "queue", "mail", "search", "cron", "proxy", "metrics", "auth", "files", "wiki", "chat"}

func newHost(name, script, group string, trees []string, containers int) (*host, error) {
	h := &host{name: name, trees: trees}
	for _, tree := range trees {
		if err := os.MkdirAll(tree+group+"/docker", 0o755); err != nil {
			return nil, err
		}
	}
	keeper := exec.Command("sh", append([]string{script, name, group}, trees...)...)
	keeper.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	keeper.Stderr = os.Stderr
	said, err := keeper.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := keeper.Start(); err != nil {
		return nil, err
	}
	if line, _ := bufio.NewReader(said).ReadString('\n'); line != "ready\n" {
		return nil, fmt.Errorf("%s: its namespaces could not be made", name)
	}
	h.keeper = keeper.Process.Pid
	for i := range containers {
		c, err := newContainer(name, group, trees, i)
		if err != nil {
			return nil, err
		}
		h.containers = append(h.containers, c)
	}
	return h, nil
}

func newContainer(host, group string, trees []string, i int) (container, error) {
	name := services[i%len(services)]
	if i >= len(services) {
		name += "-" + strconv.Itoa(i/len(services)+1)
	}
	c := container{id: fmt.Sprintf("%x", sha256.Sum256([]byte(host+"/"+name))), name: name, created: time.Now()}
	process := exec.Command("sleep", "infinity")
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := process.Start(); err != nil {
		return c, err
	}
	c.pid = process.Process.Pid
	for _, tree := range trees {
		dir := tree + group + "/docker/" + c.id
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return c, err
		}
		if err := os.WriteFile(dir+"/cgroup.procs", []byte(strconv.Itoa(c.pid)), 0); err != nil {
			return c, err
		}
		c.groups = append(c.groups, dir)
	}
	return c, nil
}

// command is what sshd would run, in the namespaces of the host and a session of its own.
func (h *host) command(line, user string) *exec.Cmd {
	cmd := exec.Command("nsenter", "--target", strconv.Itoa(h.keeper), "--mount", "--uts", "--cgroup", "--", "sh", "-c", line)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/games", "HOME=/root", "SHELL=/bin/sh", "USER=" + user, "LOGNAME=" + user, "DOCKER_HOST=unix://" + h.socket}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// figure is the number in the first of these files that the container's control groups have.
func (c container) figure(files ...string) uint64 {
	for _, file := range files {
		for _, dir := range c.groups {
			text, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				continue
			}
			// cpu.stat of version 2 starts with "usage_usec N", the others are the number alone.
			fields := strings.Fields(string(text))
			for _, field := range fields {
				if number, err := strconv.ParseUint(field, 10, 64); err == nil {
					if file == "cpu.stat" {
						number *= 1000
					}
					return number
				}
			}
		}
	}
	return 0
}
