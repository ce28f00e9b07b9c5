package main

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// As OpenSSH's sshd unless it is told otherwise.
const maxSessions = 10

// door is the sshd of all hosts: one host key, one key that is let in.
type door struct{ config *ssh.ServerConfig }

func newDoor(hostKey, authorized string) (*door, error) {
	private, err := os.ReadFile(hostKey)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		return nil, err
	}
	public, err := os.ReadFile(authorized)
	if err != nil {
		return nil, err
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey(public)
	if err != nil {
		return nil, err
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, offered ssh.PublicKey) (*ssh.Permissions, error) {
		if !bytes.Equal(offered.Marshal(), key.Marshal()) {
			return nil, errors.New("not this key")
		}
		return nil, nil
	}}
	config.AddHostKey(signer)
	return &door{config}, nil
}

func (d *door) serve(listener net.Listener, h *host) {
	for {
		socket, err := listener.Accept()
		check(err)
		go d.connection(socket, h)
	}
}

func (d *door) connection(socket net.Conn, h *host) {
	connection, channels, requests, err := ssh.NewServerConn(socket, d.config)
	if err != nil {
		socket.Close()
		return
	}
	go ssh.DiscardRequests(requests)
	var sessions atomic.Int32
	for channel := range channels {
		switch channel.ChannelType() {
		case "session":
			if sessions.Load() >= maxSessions {
				channel.Reject(ssh.ResourceShortage, "open failed")
				continue
			}
			sessions.Add(1)
			go func() {
				defer sessions.Add(-1)
				session(channel, h, connection.User())
			}()
		case "direct-streamlocal@openssh.com":
			go forward(channel, h)
		default:
			channel.Reject(ssh.UnknownChannelType, "unknown channel type")
		}
	}
}

// forward leads to the only socket that a host has.
func forward(offered ssh.NewChannel, h *host) {
	var to struct {
		Path      string
		Reserved  string
		Reserved2 uint32
	}
	if ssh.Unmarshal(offered.ExtraData(), &to) != nil || (to.Path != "/run/docker.sock" && to.Path != "/var/run/docker.sock") {
		offered.Reject(ssh.ConnectionFailed, "open failed")
		return
	}
	channel, requests, err := offered.Accept()
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	h.dial(channel)
}

// dial connects a channel with the engine. Through a pipe, because an HTTP server needs deadlines and a channel has none.
func (h *host) dial(channel ssh.Channel) {
	ours, theirs := net.Pipe()
	h.engine <- theirs
	go func() {
		_, _ = io.Copy(ours, channel)
		ours.Close()
	}()
	_, _ = io.Copy(channel, ours)
	channel.Close()
}

func session(offered ssh.NewChannel, h *host, user string) {
	channel, requests, err := offered.Accept()
	if err != nil {
		return
	}
	defer channel.Close()
	for request := range requests {
		switch request.Type {
		case "exec", "shell":
			var wanted struct{ Command string }
			if request.Type == "exec" && ssh.Unmarshal(request.Payload, &wanted) != nil {
				_ = request.Reply(false, nil)
				return
			}
			_ = request.Reply(true, nil)
			go ssh.DiscardRequests(requests)
			line := wanted.Command
			if line == "" {
				line = "exec sh"
			}
			status := run(h.command(line, user), channel)
			_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
			return
		case "env":
			_ = request.Reply(true, nil)
		default: // no terminal, no subsystem
			if request.WantReply {
				_ = request.Reply(false, nil)
			}
		}
	}
}

// run is what sshd does without a terminal: when the other side goes, the command's input ends and its output breaks; it is
// not killed.
func run(cmd *exec.Cmd, channel ssh.Channel) uint32 {
	input, err := cmd.StdinPipe()
	if err != nil {
		return 255
	}
	var outputs sync.WaitGroup
	for _, output := range []struct {
		open func() (io.ReadCloser, error)
		to   io.Writer
	}{{cmd.StdoutPipe, channel}, {cmd.StderrPipe, channel.Stderr()}} {
		from, err := output.open()
		if err != nil {
			return 255
		}
		outputs.Add(1)
		go func() {
			defer outputs.Done()
			_, _ = io.Copy(output.to, from)
			from.Close()
		}()
	}
	if err := cmd.Start(); err != nil {
		log.Print(err)
		return 255
	}
	go func() {
		_, _ = io.Copy(input, channel)
		input.Close()
	}()
	outputs.Wait()
	var ended *exec.ExitError
	if err := cmd.Wait(); errors.As(err, &ended) {
		if status := ended.Sys().(syscall.WaitStatus); status.Signaled() {
			return 128 + uint32(status.Signal())
		}
		return uint32(ended.ExitCode())
	}
	return 0
}
