package terminal

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// Console is a program in a terminal of its own.
type Console struct {
	keys    *os.File
	process *os.Process
	ended   chan struct{}

	mu     sync.Mutex
	screen *Screen
	watch  func(*Screen) bool
	seen   chan time.Time
}

// Start runs a command in a new terminal of this size.
func Start(command *exec.Cmd, columns, rows int) (*Console, error) {
	ours, theirs, err := open(columns, rows)
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	command.Stdin, command.Stdout, command.Stderr = theirs, theirs, theirs
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		ours.Close()
		return nil, err
	}
	c := &Console{keys: ours, process: command.Process, ended: make(chan struct{}), screen: NewScreen(columns, rows)}
	go func() {
		c.read(ours)
		command.Wait()
		close(c.ended)
	}()
	return c, nil
}

// read keeps the screen, and gives the time at which the bytes came that made it what is watched for.
func (c *Console) read(from *os.File) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		at := time.Now()
		c.mu.Lock()
		c.screen.Write(buffer[:n])
		if c.watch != nil && c.watch(c.screen) {
			c.watch = nil
			c.seen <- at
		}
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Send presses keys.
func (c *Console) Send(keys string) error {
	_, err := c.keys.WriteString(keys)
	return err
}

// Look gives the screen, which must not be kept.
func (c *Console) Look(at func(*Screen)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at(c.screen)
}

// Watch begins to watch for a screen. What it gives waits for it, and tells when its last byte came.
func (c *Console) Watch(wanted func(*Screen) bool) (wait func(time.Duration) (time.Time, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := make(chan time.Time, 1)
	c.seen, c.watch = seen, wanted
	if wanted(c.screen) {
		c.watch = nil
		seen <- time.Now()
	}
	return func(patience time.Duration) (time.Time, error) {
		select {
		case at := <-seen:
			return at, nil
		case <-c.ended:
			return time.Time{}, errors.New("the program has ended")
		case <-time.After(patience):
			return time.Time{}, fmt.Errorf("not on the screen after %s", patience)
		}
	}
}

// PID is the program's.
func (c *Console) PID() int { return c.process.Pid }

// End asks the program to end, and ends it.
func (c *Console) End() {
	c.process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(5 * time.Second):
		c.process.Kill()
		<-c.ended
	}
	c.keys.Close()
}

// open makes a pty: this side and the program's.
func open(columns, rows int) (*os.File, *os.File, error) {
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	var number uint32
	var unlock int32
	size := [4]uint16{uint16(rows), uint16(columns), 0, 0}
	for _, ask := range []struct {
		what     uintptr
		argument unsafe.Pointer
	}{{syscall.TIOCSPTLCK, unsafe.Pointer(&unlock)}, {syscall.TIOCGPTN, unsafe.Pointer(&number)}, {syscall.TIOCSWINSZ, unsafe.Pointer(&size)}} {
		if err := ioctl(ours, ask.what, ask.argument); err != nil {
			ours.Close()
			return nil, nil, err
		}
	}
	theirs, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		ours.Close()
		return nil, nil, err
	}
	return ours, theirs, nil
}

// ioctl does not use Fd(), which would make reads block a thread and lose the deadline.
func ioctl(file *os.File, what uintptr, argument unsafe.Pointer) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed syscall.Errno
	if err := raw.Control(func(fd uintptr) {
		_, _, failed = syscall.Syscall(syscall.SYS_IOCTL, fd, what, uintptr(argument))
	}); err != nil {
		return err
	}
	if failed != 0 {
		return fmt.Errorf("ioctl %#x: %w", what, failed)
	}
	return nil
}
