package modules

import (
	"errors"

	"bookvault/modules/borrowing"
	"bookvault/modules/borrowing/layers"
	"bookvault/modules/catalog"
	"bookvault/modules/catalog/importing"
	"bookvault/modules/members"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/mail"
)

// What each module is told of the configuration, in its own words: no module reads it itself.

func catalogSettings(c *config.Config) catalog.Settings {
	l, s, p := c.Catalog.Limits, c.Catalog.Search, c.Catalog.Covers
	return catalog.Settings{
		Limits: catalog.Limits{Title: l.Title, Name: l.Name, Description: l.Description, Authors: l.Authors, Genres: l.Genres, Pages: l.Pages,
			FirstYear: l.FirstYear, YearsAhead: l.YearsAhead},
		Query:  catalog.QueryLimits{Length: s.QueryLength, Terms: s.QueryTerms},
		Search: catalog.SearchSettings{Candidates: s.Candidates, FacetValues: s.FacetValues, Typos: s.TypoWords, Corrections: s.Corrections, Budget: s.Budget},
		Cover: catalog.CoverSettings{MaxBytes: int64(p.MaxUpload), MaxPixels: p.MaxPixels, MinimumSide: p.MinSide,
			LargeWidth: p.LargeWidth, SmallWidth: p.SmallWidth, Quality: p.Quality, AtOnce: p.AtOnce},
	}
}

func noticeSettings(c *config.Config, mailer borrowing.Mailer) borrowing.NoticeSettings {
	n := c.Borrowing.Notices
	return borrowing.NoticeSettings{DueSoonDays: n.DueSoonDays, OverdueFirstDays: n.OverdueFirstDays, OverdueEveryDays: n.OverdueEveryDays,
		OverdueTimes: n.OverdueTimes, HoldExpiringDays: n.HoldExpiringDays, Library: c.Library.Name, Language: c.Library.Language, Mailer: mailer}
}

func mailSettings(c *config.Config) mail.Settings {
	s := c.Notices.SMTP
	return mail.Settings{Host: s.Host, Port: s.Port, Username: s.Username, Password: s.Password, TLS: s.TLS, From: s.From, FromName: c.Library.Name}
}

func borrowingSettings(f Foundations, people *members.Service, mailer borrowing.Mailer, group borrowing.Carrier, committed func(), untitled func() bool) borrowing.Settings {
	b := f.Settings.Borrowing
	return borrowing.Settings{Location: f.Settings.Library.Location, DefaultBranch: b.DefaultBranch, Currency: f.Settings.Library.Currency,
		HoldShelfDays: b.HoldShelfDays, CollectDays: b.CollectDays, OfflineMaxAge: b.OfflineMaxAge, Retention: b.Privacy.Retention,
		LostRefund: borrowing.LostRefund{Days: b.LostRefundDays, Processing: b.RefundProcessingFee}, LostAfterDays: b.LostAfterDays,
		Notices: noticeSettings(f.Settings, mailer), StaffRead: people.StaffRead, Current: database.Primary, Carrier: group, Committed: committed, Untitled: untitled, Logger: f.Logger}
}

func groupSettings(f Foundations, p *Patterns) layers.GroupSettings {
	g := f.Settings.Borrowing.GroupCommit
	return layers.GroupSettings{Batch: g.Batch, Queue: g.Queue, Parallel: g.Parallel, MaxWait: g.MaxWait, Together: f.DB.Together,
		Ill:     func(err error) bool { return errors.Is(err, database.ErrOutcomeUnknown) || database.Ill(err) },
		Enabled: p.GroupCommit.Load, Metrics: layers.NewGroupMetrics(f.Registry)}
}

func memberSettings(c *config.Config) members.Settings {
	m := c.Members
	return members.Settings{
		Location: c.Library.Location, CardPrefix: m.CardPrefix, PasswordMin: m.PasswordMinLength,
		Hashing:     members.Hashing{MemoryKiB: uint32(m.SignIn.HashMemory / 1024), Iterations: uint32(m.SignIn.HashPasses), Concurrency: m.SignIn.HashesAtOnce},
		SessionIdle: m.SessionIdle, SessionLifetime: m.SessionLifetime,
		TokenLifetime: m.TokenLifetime, TokenLifetimeMax: m.TokenLifetimeMax, AuditKept: m.AuditKept, ListsMax: m.Lists, ListItemsMax: m.ListTitles,
		Throttle: members.Throttle{Window: m.SignIn.Window, PerAccount: m.SignIn.PerAccount, PerAddress: m.SignIn.PerAddress},
	}
}

func importLimits(c *config.Config) importing.Limits {
	i := c.Catalog.Imports
	return importing.Limits{FieldBytes: int(i.MaxField), RowBytes: int(i.MaxRow), UnpackedBytes: int64(i.MaxUnpacked), BatchRows: i.BatchRows,
		Titles: catalogSettings(c).Limits}
}

func importSettings(f Foundations, uploads importing.Places) importing.Settings {
	return importing.Settings{Uploads: uploads, Folder: uploadsFolder(f.Settings), MaxUpload: int64(f.Settings.Server.MaxBody), MaxQueued: f.Settings.Catalog.Imports.MaxQueued,
		Limits: importLimits(f.Settings), Logger: f.Logger}
}
