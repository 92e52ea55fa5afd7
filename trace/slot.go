package trace

// Slot is the raw value of a slot, sign-extended only where the slot is signed.
func (e *Event) Slot(s Slot) uint64 {
	switch s {
	case SlotDur:
		return uint64(e.Dur)
	case SlotA:
		return uint64(e.A)
	case SlotB:
		return uint64(e.B)
	case SlotFD:
		return uint64(uint32(e.FD))
	case SlotGen:
		return uint64(e.Gen)
	case SlotInst:
		return uint64(e.Inst)
	case SlotMask:
		return uint64(e.Mask)
	case SlotAux:
		return uint64(e.Aux)
	case SlotErrno:
		return uint64(e.Errno)
	}
	return 0
}

// setSlot is the inverse of Slot.
func (e *Event) setSlot(s Slot, v uint64) {
	switch s {
	case SlotDur:
		e.Dur = int64(v)
	case SlotA:
		e.A = int64(v)
	case SlotB:
		e.B = int64(v)
	case SlotFD:
		e.FD = int32(uint32(v))
	case SlotGen:
		e.Gen = uint32(v)
	case SlotInst:
		e.Inst = uint32(v)
	case SlotMask:
		e.Mask = uint32(v)
	case SlotAux:
		e.Aux = uint32(v)
	case SlotErrno:
		e.Errno = uint16(v)
	}
}

// slotBits is how wide a slot is.
func slotBits(s Slot) uint8 {
	switch s {
	case SlotDur, SlotA, SlotB:
		return 64
	case SlotErrno:
		return 16
	}
	return 32
}

// nameSlots are, for each kind, the slots that hold a Name id.
var nameSlots = func() (t [KindCount][]Slot) {
	for k := range Specs {
		for _, fl := range Specs[k].Fields {
			if fl.Unit == UName {
				t[k] = append(t[k], fl.Slot)
			}
		}
	}
	return
}()

// NameSlots are the slots of a kind that hold a Name id.
func (k Kind) NameSlots() []Slot {
	if k >= KindCount {
		return nil
	}
	return nameSlots[k]
}

// withFD says which kinds have a descriptor, for kinds that a damaged file claims, too.
var withFD = func() (t [256]bool) {
	for k := range Specs {
		t[k] = Specs[k].HasFD()
	}
	return
}()

// HasFD reports whether events of a kind have a descriptor.
func (k Kind) HasFD() bool { return withFD[k] }
