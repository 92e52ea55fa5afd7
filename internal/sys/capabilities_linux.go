package sys

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// LookRights looks at what this process may do. What cannot be read is left Unknown; nothing is tried.
func LookRights() Rights {
	r := Rights{UID: os.Geteuid(), Release: Linux{}.Release(), Seccomp: Unknown, UnprivilegedBPF: Unknown, PerfParanoid: Unknown}
	r.Effective, r.Permitted, _ = capget()
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch value = strings.TrimSpace(value); name {
		case "NoNewPrivs":
			r.NoNewPrivs = value == "1"
		case "Seccomp":
			if n, err := strconv.Atoi(value); err == nil {
				r.Seccomp = n
			}
		}
	}
	r.UserNamespace = inUserNamespace()
	_, err := os.Stat("/sys/kernel/btf/vmlinux")
	r.BTF = err == nil
	if b, err := os.ReadFile("/sys/kernel/security/lockdown"); err == nil {
		r.Lockdown = chosen(string(b))
	}
	r.UnprivilegedBPF = sysctlNumber("kernel.unprivileged_bpf_disabled")
	r.PerfParanoid = sysctlNumber("kernel.perf_event_paranoid")
	return r
}

func sysctlNumber(name string) int {
	if n, err := strconv.Atoi(Linux{}.Sysctl(name)); err == nil {
		return n
	}
	return Unknown
}

// chosen is the word in brackets of a line such as "none [integrity] confidentiality".
func chosen(line string) string {
	_, rest, _ := strings.Cut(line, "[")
	word, _, ok := strings.Cut(rest, "]")
	if !ok {
		return ""
	}
	return word
}

// firstUserNamespace is the inode of the user namespace that the machine booted with (PROC_USER_INIT_INO, proc_ns.h).
const firstUserNamespace = 0xeffffffd

func inUserNamespace() bool {
	var st unix.Stat_t
	if unix.Stat("/proc/self/ns/user", &st) == nil {
		return st.Ino != firstUserNamespace
	}
	b, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(b)), " ") != "0 0 4294967295"
}

func capget() (effective, permitted Capabilities, err error) {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return 0, 0, fmt.Errorf("read the capabilities of this process: %w", os.NewSyscallError("capget", err))
	}
	return Capabilities(data[0].Effective) | Capabilities(data[1].Effective)<<32,
		Capabilities(data[0].Permitted) | Capabilities(data[1].Permitted)<<32, nil
}

// DropCapabilities takes every capability from every thread of this process, for good: effective, permitted and inheritable, and with them
// the ambient ones. A thread that is made later inherits none. A program that it executes has none either, unless it is root's or its file
// has some.
//
// Linux keeps capabilities for each thread, and Go has many. Without cgo syscall.AllThreadsSyscall reaches them; with it (package net brings
// it in) only a signal to each thread does, which package psx of libcap sends. Both are what Go's own documentation names.
func DropCapabilities() error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if _, _, errno := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&hdr)), uintptr(unsafe.Pointer(&none[0])), 0); errno != 0 {
		return fmt.Errorf("drop the capabilities of this process: %w", os.NewSyscallError("capset", errno))
	}
	effective, permitted, err := capget()
	if err != nil {
		return err
	}
	if effective|permitted != 0 {
		return fmt.Errorf("drop the capabilities of this process: capset(2) succeeded, and %#x are left", uint64(effective|permitted))
	}
	return nil
}
