package borrowing

import (
	"context"
	"errors"

	"bookvault/platform/problem"
)

// NoticeView is a notice as it is shown, with the text that a letter would have.
type NoticeView struct {
	Notice
	MemberCard string
	Title      string // "" when the catalogue is ill
	Subject    string
	Body       string
}

// refs tells that an answer which shows a notice speaks of its loan or hold.
func (n Notice) refs() []Ref { return []Ref{n.Ref} }

// Notices lists notices, newest first: of a member (a patron: their own) all of them, or for staff everybody's that wait for being
// told and are still true; f.Open narrows the former too. It gives at most limit, and whether there are more.
func (s *Service) Notices(ctx context.Context, card string, f NoticeFilter) ([]NoticeView, bool, error) {
	who, err := s.whose(ctx, card)
	if err != nil {
		return nil, false, err
	}
	f.MemberID = who.ID
	recorded := s.staffReads(ctx, f.MemberID, readNotices)
	f.Open = f.Open || f.MemberID == 0
	f.Today = s.Today(s.now())
	limit := f.Limit
	f.Limit++
	notices, err := s.store.Notices(ctx, f)
	if err != nil {
		return nil, false, err
	}
	views, err := s.noticeViews(ctx, notices[:min(len(notices), limit)])
	return views, len(notices) > limit, errors.Join(err, recorded())
}

// CountNotices counts what waits to be sent or told.
func (s *Service) CountNotices(ctx context.Context) (NoticeCount, error) {
	return s.store.CountNotices(ctx)
}

func (s *Service) noticeViews(ctx context.Context, notices []Notice) ([]NoticeView, error) {
	if len(notices) == 0 {
		return nil, nil
	}
	var members, books []int64
	for _, n := range notices {
		members, books = append(members, n.MemberID), append(books, n.BookID)
	}
	people, err := s.members.MembersByID(ctx, compact(members))
	if err != nil {
		return nil, err
	}
	places, err := s.branchNames(ctx)
	if err != nil {
		return nil, err
	}
	texts := s.titleTexts(ctx, compact(books)...)
	views := make([]NoticeView, len(notices))
	for i, n := range notices {
		m := people[n.MemberID]
		letter, err := s.settings.Notices.compose(notices[i:i+1], m, texts, places)
		if err != nil {
			return nil, err
		}
		if !seesAll(ctx) {
			n.Failure = "" // for the desk
		}
		views[i] = NoticeView{Notice: n, MemberCard: m.Card, Title: texts[n.BookID], Subject: letter.Subject, Body: letter.Body}
	}
	return views, nil
}

// NoticeTold records that the desk has told the member, by telephone say: the notice is not sent any more. Saying it twice is no
// mistake.
func (s *Service) NoticeTold(ctx context.Context, id int64, order Order) (NoticeView, error) {
	if err := needStaff(ctx); err != nil {
		return NoticeView{}, err
	}
	seen, early := s.store.Notice(ctx, id)
	var shown NoticeView
	if early == nil {
		views, err := s.noticeViews(ctx, []Notice{seen})
		if err != nil {
			return NoticeView{}, err
		}
		shown = views[0]
	}
	return execute(ctx, s, order, Scope{Notices: []int64{id}}, orNotFound(early, errNoticeNotFound()), func(sc *Scene) (NoticeView, error) {
		n := sc.Notices[id]
		if n == nil {
			return NoticeView{}, errNoticeNotFound()
		}
		switch n.Status {
		case NoticeWaiting, NoticeFailed:
			n.Status, n.SettledAt = NoticeTold, &sc.Now
			sc.Changes.Notices = map[int64]*Notice{id: n}
		case NoticeTold:
		default:
			return NoticeView{}, problem.Refused(final(NoticeSettled, "This notice is "+string(n.Status)+" already."))
		}
		shown.Notice = *n
		return shown, nil
	})
}

func errNoticeNotFound() error {
	return problem.NotFound("notice_not_found", "There is no such notice.")
}
