//go:build linux || windows

package folderlock

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain is also the other program: it takes the folder that it is given, says
// so, and holds it until its input ends.
func TestMain(m *testing.M) {
	dir := os.Getenv("FOLDERLOCK_TEST")
	if dir == "" {
		os.Exit(m.Run())
	}
	if inside := os.Getenv("FOLDERLOCK_INSIDE"); inside != "" {
		comeAndGo(dir, inside)
		return
	}
	if _, err := Take(dir); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("taken")
	var b [1]byte
	os.Stdin.Read(b[:])
}

// other starts the other program on a folder and returns its first line and a way to kill it.
func other(t *testing.T, dir string) (says string, pid int, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FOLDERLOCK_TEST="+dir)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1000)
	n, err := out.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b[:n])), cmd.Process.Pid, func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
}

func TestTwoPrograms(t *testing.T) {
	dir := t.TempDir()
	says, pid, kill := other(t, dir)
	if says != "taken" {
		t.Fatal(says)
	}
	if l, err := Take(dir); err == nil {
		l.Release()
		t.Error("two programs have the folder")
	} else if !strings.Contains(err.Error(), fmt.Sprintf("process %d)", pid)) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %q, want process %d and the folder named", err, pid)
	}
	kill() // without a chance to give anything back
	l, err := Take(dir)
	if err != nil || !l.Exclusive() {
		t.Fatalf("after the other program was killed: %v", err)
	}
	says, _, kill = other(t, dir)
	kill()
	if want := fmt.Sprintf("process %d)", os.Getpid()); !strings.Contains(says, want) {
		t.Errorf("the other program says %q, want %q", says, want)
	}
	l.Release()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("a folder that was given back holds %v, %v", left, err)
	}
	says, _, kill = other(t, dir)
	kill()
	if says != "taken" {
		t.Errorf("the other program says %q about a folder that was given back", says)
	}
}

// Wait waits until another program gives the folder back, and no longer than it is told to.
func TestWait(t *testing.T) {
	dir := t.TempDir()
	_, _, kill := other(t, dir)
	if _, err := Wait(dir, 20*time.Millisecond); err == nil || !strings.Contains(err.Error(), "another diffclip works in "+dir) {
		t.Errorf("a folder that stays taken: %v", err)
	}
	time.AfterFunc(50*time.Millisecond, kill)
	l, err := Wait(dir, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	l.Release()
	if _, err := Wait(filepath.Join(dir, "none"), time.Minute); err == nil {
		t.Error("a folder that is not there was locked")
	}
}

// Programs that take and give back a folder, as fast as they can, are never in it at
// the same time, though the file of the lock comes and goes.
func TestManyPrograms(t *testing.T) {
	dir := t.TempDir()
	inside := filepath.Join(dir, "inside")
	var wait sync.WaitGroup
	for range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "FOLDERLOCK_TEST="+dir, "FOLDERLOCK_INSIDE="+inside)
		wait.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wait.Wait()
}

// comeAndGo takes a folder a hundred times; a file that must not be there shows
// whether anybody else is inside.
func comeAndGo(dir, inside string) {
	for entered := 0; entered < 100; {
		l, err := Take(dir)
		if err != nil {
			continue
		}
		f, err := os.OpenFile(inside, os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			fmt.Println("two programs are inside:", err)
			os.Exit(1)
		}
		f.Close()
		if err := os.Remove(inside); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		l.Release()
		entered++
	}
}

// The parts of one program share a folder, by whatever name; it is free once all gave it back.
func TestOneProgramTakesTwice(t *testing.T) {
	dir := t.TempDir()
	link := dir + "-link"
	if runtime.GOOS == "windows" { // where links take a privilege, and case tells no names apart
		link = strings.ToUpper(dir)
	} else if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	first, err := Take(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Take(link)
	if err != nil {
		t.Fatalf("the same program: %v", err)
	}
	second.Release()
	second.Release()
	says, _, kill := other(t, dir)
	kill()
	if !strings.Contains(says, "another diffclip works in") {
		t.Errorf("the other program says %q about a folder that the first lock still holds", says)
	}
	first.Release()
	says, _, kill = other(t, dir)
	kill()
	if says != "taken" {
		t.Errorf("the other program says %q about a folder that was given back", says)
	}
}

func TestNoFolder(t *testing.T) {
	if _, err := Take(t.TempDir() + "/none"); err == nil {
		t.Error("a folder that is not there was locked")
	}
}
