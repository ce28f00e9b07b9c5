// Command scripted plays hosts by the dozen, each behind an sshd of its own on a loopback port, with a container engine.
//
// What is real: the SSH protocol, the shell that runs what is sent (in namespaces of the host's, with its name and its control
// groups), the processes of the containers and the figures of their control groups. What is scripted: the engine's answers, after
// the example of those of a real engine. All hosts are this machine, and show its processor, memory and disks.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	hosts := flag.Int("hosts", 31, "how many hosts")
	containers := flag.Int("containers", 13, "how many containers each has")
	port := flag.Int("port", 18100, "the port of the first host; the others follow")
	hostKey := flag.String("host-key", "", "file with the private key of all hosts")
	authorized := flag.String("authorized", "", "file with the public key that is let in, as any user")
	socket := flag.String("engine", "", "socket of a real engine, after whose answers those of the hosts are made")
	example := flag.String("example", "idle", "a running container of that engine, after which the containers are made")
	trees := flag.String("trees", "", "mount points of the control groups, separated by commas")
	group := flag.String("group", "", "the control group below which every host has one")
	sockets := flag.String("sockets", "", "an empty folder for the engines' sockets")
	script := flag.String("script", "", "the program that makes and holds the namespaces of a host")
	flag.Parse()

	// The processes of a host end with the thread that started them: with this one.
	runtime.LockOSThread()
	door, err := newDoor(*hostKey, *authorized)
	check(err)
	real, err := newExample(*socket, *example)
	check(err)
	for i := range *hosts {
		name := fmt.Sprintf("scripted-%03d", i+1)
		host, err := newHost(name, *script, *group+"/"+name, strings.Split(*trees, ","), *containers)
		check(err)
		host.socket = filepath.Join(*sockets, name+".sock")
		check(host.serveEngine(real))
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port+i))
		check(err)
		go door.serve(listener, host)
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
