package modules

import (
	"bookvault/platform/config"
	"bookvault/platform/database"
)

// openWays gives modules their own ways to the database, where the settings name one.
func (f *Foundations) openWays() (err error) {
	d := f.Settings.Database
	for _, way := range []struct {
		module, address string
		to              **database.DB
	}{{"catalog", d.Catalog, &f.CatalogDB}, {"borrowing", d.Borrowing, &f.BorrowingDB}, {"members", d.Members, &f.MembersDB}} {
		if way.address == "" {
			continue
		}
		if *way.to, err = f.DB.Apart(way.module, way.address); err != nil {
			return &config.Error{Key: "database." + way.module, Problem: "cannot be used: " + err.Error(), Mend: "correct the address, or leave it empty"}
		}
	}
	return nil
}
