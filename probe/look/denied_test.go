package look

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDescriptorsThatNobodyMayFollow: the kernel lists the descriptors of a process of the same user that has more capabilities, and lets nobody follow
// them. That is no process without descriptors.
func TestDescriptorsThatNobodyMayFollow(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	dir := fmt.Sprintf("/proc/%d/fd/", cmd.Process.Pid)
	if links, err := linksOf(dir); err != nil || len(links) < 3 {
		t.Fatalf("a child: %v, %v", links, err)
	}
	var denied error
	var skipped string
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the capabilities that it has given up
		hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		if err := unix.Capget(&hdr, &data[0]); err != nil || data[0].Effective&(1<<unix.CAP_SYS_PTRACE) == 0 {
			skipped = "it wants CAP_SYS_PTRACE to give up"
			return
		}
		data[0].Effective &^= 1 << unix.CAP_SYS_PTRACE
		if err := unix.Capset(&hdr, &data[0]); err != nil {
			skipped = err.Error()
			return
		}
		_, denied = linksOf(dir)
	}()
	<-done
	if skipped != "" {
		t.Skip("SKIPPED, not tested: " + skipped)
	}
	if !errors.Is(denied, os.ErrPermission) {
		t.Errorf("without CAP_SYS_PTRACE: %v", denied)
	}
}
