package loop

// retrigger re-registers the listener and every connection with the present trigger. The report that such a MOD causes
// by itself is the way a stranded connection is rescued.
func (d *readiness) retrigger(l *Loop) error {
	if l.ending.draining {
		// there is no listener any more
	} else if err := d.retriggerListener(l); err != nil {
		return err
	}
	l.stats.Modified.Add(1)
	l.registry.adopt(&l.table)
	for c := range l.table.each() {
		if c.held {
			l.registry.hold(c, c.interest(&l.b))
		}
		if !c.registered {
			continue
		}
		if err := d.retriggerOne(l, c); err != nil {
			return err
		}
	}
	return nil
}

func (d *readiness) retriggerListener(l *Loop) error {
	return d.p.Modify(l.lis.fd, l.lis.gen, l.lis.mask(), dataListener)
}

func (d *readiness) retriggerOne(l *Loop, c *conn) error {
	m := c.interest(&l.b)
	if err := d.p.Modify(c.fd, c.gen, m, c.id); err != nil {
		return err
	}
	c.mask, c.rearmed, c.disarmed = m, true, false
	l.stats.Modified.Add(1)
	return nil
}
