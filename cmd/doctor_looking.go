package cmd

import (
	"errors"
	"fmt"
	"strings"

	"evviz/internal/sys"
	"evviz/probe/kernel"
)

// examineLooking is about looking into running programs, hook by hook. Each is tried.
func examineLooking() (w ward) {
	w.Name = "Looking into running programs"
	examineRights(&w, sys.LookRights())
	hooks, err := kernel.Hooks()
	if err != nil {
		lookingRefused(&w, err)
		return w
	}
	w.ok("BPF", "programs can be loaded: evviz snapshot and evviz workers see every process, with its ready lists")
	for i := range hooks {
		h := &hooks[i]
		use := h.Gives
		if !h.Now {
			use += " (nothing of this version needs it)"
		}
		switch {
		case h.Err == nil:
			w.ok(h.Name, use)
		case h.Now:
			w.missing(h.Name, "refused", fmt.Sprintf("%v; without it there is no knowing %s; Linux has it since %s", h.Err, h.Gives, h.Since), "a newer kernel; until then evviz snapshot --via proc")
		default:
			w.note(h.Name, "refused", fmt.Sprintf("%v; it gives %s; Linux has it since %s; nothing of this version needs it", h.Err, h.Gives, h.Since), "")
		}
	}
	return w
}

// lookingRefused says why no program can be loaded, what works all the same, and what to type.
func lookingRefused(w *ward, err error) {
	without := "evviz snapshot and evviz workers look by /proc and sock_diag: one's own processes, no ready lists, and an instance's mutex is held while its list is read"
	var r *kernel.Refused
	if !errors.As(err, &r) {
		w.note("BPF", "no programs can be loaded", err.Error()+"; "+without, "")
		return
	}
	for _, c := range r.Causes {
		w.note("BPF", "no programs can be loaded", c.String()+"; "+without, forBPF(c, "evviz snapshot PID"))
	}
}

// examineRights are the settings that decide, whatever they decide.
func examineRights(w *ward, r sys.Rights) {
	var has []string
	for _, c := range []sys.Capability{sys.CapBPF, sys.CapPerfmon, sys.CapSysAdmin} {
		if r.Effective.Has(c) {
			has = append(has, c.String())
		}
	}
	if len(has) == 0 {
		has = []string{"none of CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN"}
	}
	w.ok("capabilities", strings.Join(has, ", "))
	if r.BTF {
		w.ok("BTF", "/sys/kernel/btf/vmlinux describes the kernel's structures")
	} else {
		w.note("BTF", "not there", "/sys/kernel/btf/vmlinux describes the kernel's structures; without it no BPF program of evviz can be loaded", forBPF(sys.Cause{Kind: sys.CauseNoBTF}, ""))
	}
	switch r.Lockdown {
	case "":
		w.ok("lockdown", "this kernel has none")
	case "confidentiality":
		w.note("lockdown", r.Lockdown, "nobody may read the kernel's memory, so no BPF program of evviz can be loaded", forBPF(sys.Cause{Kind: sys.CauseLockdown}, ""))
	default:
		w.ok("lockdown", r.Lockdown)
	}
	if r.Seccomp > 0 {
		w.note("seccomp", "a filter is on this process", "it may forbid bpf(2), as those of containers do", forBPF(sys.Cause{Kind: sys.CauseSeccomp}, ""))
	} else {
		w.ok("seccomp", "no filter is on this process")
	}
	if r.UserNamespace {
		w.note("user namespace", "this process is in one", "its root has no rights over the kernel", forBPF(sys.Cause{Kind: sys.CauseUserNamespace}, ""))
	} else {
		w.ok("user namespace", "the machine's first")
	}
	if r.UnprivilegedBPF != sys.Unknown {
		w.ok("unprivileged BPF", fmt.Sprintf("kernel.unprivileged_bpf_disabled is %d (evviz needs the capabilities in any case)", r.UnprivilegedBPF))
	}
	if r.PerfParanoid == sys.Unknown {
		w.note("perf events", "unknown", "kernel.perf_event_paranoid cannot be read; nothing of this version needs them", "")
	} else {
		w.ok("perf events", fmt.Sprintf("kernel.perf_event_paranoid is %d (nothing of this version needs them)", r.PerfParanoid))
	}
}

// forBPF is what to type, or to change, so that a cause is gone. command is what a person wanted, "" where that does not matter.
func forBPF(c sys.Cause, command string) string {
	switch c.Kind {
	case sys.CauseCapabilities:
		return fmt.Sprintf("sudo %s; or once: sudo setcap cap_bpf,cap_perfmon+ep $(command -v evviz)", command)
	case sys.CauseUserNamespace:
		return "run it outside of the namespace; for a container: docker run --cap-add BPF --cap-add PERFMON --pid=host"
	case sys.CauseNoBTF:
		return "a kernel with CONFIG_DEBUG_INFO_BTF=y; in a container /sys/kernel/btf must be visible"
	case sys.CauseLockdown:
		return "boot with lockdown=integrity, or without lockdown (Secure Boot may switch it on)"
	case sys.CauseSeccomp:
		return "docker run --security-opt seccomp=unconfined, or a profile that allows bpf"
	case sys.CauseOldKernel:
		return "Linux " + sys.OldestForBPF + " or newer"
	case sys.CauseLacking, sys.CauseNoBPF:
		return "a kernel with CONFIG_BPF_SYSCALL=y and CONFIG_BPF_EVENTS=y"
	}
	return ""
}
