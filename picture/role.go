package picture

// Role is what a cell means, for who has a colour for it.
type Role uint8

// The roles.
const (
	RoleText    Role = iota // nothing in particular
	RoleDim                 // what matters less
	RoleBold                // what the program did
	RoleWaiting             // the loop waits; nothing happens on a lane
	RoleWorking             // ... works
	RoleAsleep              // ... sleeps
	RoleAgain               // repeated notifications
	RoleFresh               // unread data
	RoleOld                 // ... for long
	RoleStale               // ... for too long, or stranded
	RoleEagain              // EAGAIN
	RoleAccept              // a connection accepted, a repeated notification on an empty cell
	RoleBad                 // an error, an end
	RoleGood                // a change of a registration; notifications that were news
	RoleWarn                // events were dropped here
	RoleReady               // ready to run, and no CPU was free
	RoleService             // a request was read and is not answered yet
	RoleUnsent              // output waits to be sent
	RoleCount
)

var roleNames = [RoleCount]string{"text", "dim", "bold", "waiting", "working", "asleep", "again", "fresh", "old", "stale", "eagain", "accept",
	"bad", "good", "warn", "ready", "service", "unsent"}

// String is the role's name; where a theme of the settings file has a colour for it, the name that it has there.
func (r Role) String() string {
	if r < RoleCount {
		return roleNames[r]
	}
	return "role?"
}

// Ink is a role in one of five forms. It is a number below InkCount, so that who draws can keep what a colour costs to find in an array:
// a dense picture has thousands of cells.
type Ink uint8

// InkCount is how many inks there are.
const InkCount = 5 * Ink(RoleCount)

// Ink is the role as it is: a glyph on an empty cell, or a cell that is filled.
func (r Role) Ink() Ink { return Ink(r) }

// On is a glyph on a cell that the role fills.
func (r Role) On() Ink { return Ink(RoleCount) + Ink(r) }

// Part is a block that stands for a part of a cell that the role fills: what fills the cell is its foreground.
func (r Role) Part() Ink { return 2*Ink(RoleCount) + Ink(r) }

// Over is Part where the rest of the cell is a loop that is ready to run.
func (r Role) Over() Ink { return 3*Ink(RoleCount) + Ink(r) }

// Beside is Part where the rest of the cell is a loop that sleeps.
func (r Role) Beside() Ink { return 4*Ink(RoleCount) + Ink(r) }

// Fill is what a cell of a lane is filled with; it says why.
type Fill uint8

// The fills.
const (
	FillNone  Fill = iota
	FillFresh      // unread data
	FillOld        // ... for OldAfter
	FillStale      // ... for StaleAfter
	FillAgain      // repeated notifications
	FillCount
)

// How old data must be for its bar to change colour, ns. A sleep of a quarter of a second is within the first colour.
const (
	OldAfter   = int64(400e6)
	StaleAfter = int64(1500e6)
)

// FillOf is what a cell is filled with in which data of an age waits.
func FillOf(age int64) Fill {
	switch {
	case age >= StaleAfter:
		return FillStale
	case age >= OldAfter:
		return FillOld
	}
	return FillFresh
}

var fillRoles = [FillCount]Role{RoleText, RoleFresh, RoleOld, RoleStale, RoleAgain}

// Role is the role of a fill.
func (f Fill) Role() Role { return fillRoles[f] }

// Colours is how many colours there are to draw with.
type Colours uint8

// From none to enough. Each meaning has a glyph or a character besides, so that nothing is lost with fewer.
const (
	NoColours  Colours = iota // a filled cell is a character
	FewColours                // eight or sixteen: the loop's work is a character, too
	AllColours
)
