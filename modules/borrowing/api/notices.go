package api

import (
	"context"
	"fmt"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

type noticeBody struct {
	ID         int64       `json:"id"`
	Kind       string      `json:"kind" enum:"due_soon,overdue,hold_ready,hold_expiring"`
	Status     string      `json:"status" enum:"waiting,sent,failed,cancelled,told" doc:"waiting to be sent; failed, with the reason for staff; cancelled, since it was no longer true; told by the desk."`
	MemberCard string      `json:"member_card"`
	CreatedAt  time.Time   `json:"created_at"`
	SentAt     *time.Time  `json:"sent_at,omitempty" doc:"When it was accepted for delivery, or told at the desk."`
	About      noticeAbout `json:"about"`
	Subject    string      `json:"subject" doc:"In the member's language; it names no title."`
	Body       string      `json:"body" doc:"Plain text in the member's language, also for telling it by telephone."`
	Attempts   int         `json:"attempts" doc:"Attempts of sending it that failed."`
	Failure    string      `json:"failure,omitempty" doc:"Why the last attempt failed; for staff."`
}

type noticeAbout struct {
	LoanID  int64  `json:"loan_id,omitempty"`
	HoldID  int64  `json:"hold_id,omitempty"`
	BookID  int64  `json:"book_id"`
	Title   string `json:"title,omitempty" doc:"Left out while the catalogue does not answer."`
	Barcode string `json:"barcode,omitempty"`
	On      string `json:"on" doc:"The due date, or the last day on the shelf, when the notice was written."`
}

func noticeOf(v borrowing.NoticeView) noticeBody {
	b := noticeBody{ID: v.ID, Kind: string(v.Kind), Status: string(v.Status), MemberCard: v.MemberCard, CreatedAt: v.CreatedAt, Subject: v.Subject, Body: v.Body,
		About:    noticeAbout{LoanID: v.LoanID, HoldID: v.HoldID, BookID: v.BookID, Title: v.Title, Barcode: v.Barcode, On: v.On.String()},
		Attempts: v.Attempts, Failure: v.Failure}
	if v.Status == borrowing.NoticeSent || v.Status == borrowing.NoticeTold {
		b.SentAt = v.SettledAt
	}
	return b
}

type listNoticesIn struct {
	MemberCard string `query:"member_card" maxLength:"64" doc:"Staff may leave it out, and see everybody's open ones."`
	Status     string `query:"status" enum:"open,all" doc:"open: waiting or failed, and still true. Without a card it is always open; with one all, if it is left out."`
	Limit      int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor     string `query:"cursor" maxLength:"500"`
}

func (o *operations) listNotices(ctx context.Context, in *listNoticesIn) (*listOut[noticeBody], error) {
	p, _ := identity.FromContext(ctx)
	scope := fmt.Sprintf("notices %d %q %s", p.MemberID, in.MemberCard, in.Status)
	before, err := place(scope, in.Cursor)
	if err != nil {
		return nil, err
	}
	notices, more, err := o.desk.Notices(ctx, in.MemberCard, borrowing.NoticeFilter{Open: in.Status == "open", Before: before, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return listed(ctx, notices, more, scope, noticeOf, func(n noticeBody) int64 { return n.ID }), nil
}

type noticeToldIn struct {
	rest.Command
	ID int64 `path:"id" minimum:"1"`
}

type noticeOut struct{ Body noticeBody }

func (o *operations) noticeTold(ctx context.Context, in *noticeToldIn) (*noticeOut, error) {
	body, err := command[borrowing.NoticeView, noticeBody]{route: "POST /notices/{id}/told", key: in.IdempotencyKey, about: in.ID, status: 200, body: noticeOf,
		run: func(order borrowing.Order) (borrowing.NoticeView, error) { return o.desk.NoticeTold(ctx, in.ID, order) },
	}.do(ctx)
	return &noticeOut{body}, err
}
