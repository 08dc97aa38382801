package database

import "fmt"

// Apart gives another way to the same primary, by an address and with connections of its own, so that what ails one way leaves the
// other alone: its reads go there too and to no replica, and its work behind the requests has no connections apart. What is known of the database, who must see what and how far the log is made, is the
// same by either. name stands in metrics behind "primary-". Close of db ends it too. It must be called before db is used.
func (db *DB) Apart(name, dsn string) (*DB, error) {
	s, err := db.settings.openServer(usualWay+"-"+name, dsn, primaryOnly)
	if err != nil {
		return nil, fmt.Errorf("a way of its own for %s: %w", name, err)
	}
	way := &DB{shared: db.shared, primary: s}
	db.apart = append(db.apart, way)
	db.watching.Go(func() { db.watchLeaks([]*server{s}) })
	if way.gorm, err = way.openGORM(); err != nil {
		return nil, err
	}
	return way, nil
}
