package api

import (
	"context"
	"net/url"

	"bookvault/modules/members"
	"bookvault/platform/rest"
)

type categoryView struct {
	Code        string `json:"code"`
	Name        string `json:"name"`
	MonthsValid *int   `json:"months_valid" doc:"How long a new membership lasts, and a renewal; null: it does not expire."`
	Default     bool   `json:"default" doc:"Given to members for whom none is named."`
}

func showCategory(c members.Category) categoryView {
	v := categoryView{Code: c.Code, Name: c.Name, Default: c.Default}
	if c.MonthsValid > 0 {
		v.MonthsValid = &c.MonthsValid
	}
	return v
}

type categoryList struct {
	Body rest.Page[categoryView]
}

func (o *operations) listCategories(ctx context.Context, _ *struct{}) (*categoryList, error) {
	found, err := o.service.Categories(ctx)
	if err != nil {
		return nil, err
	}
	out := &categoryList{}
	out.Body.Items = make([]categoryView, len(found))
	for i, c := range found {
		out.Body.Items[i] = showCategory(c)
	}
	return out, nil
}

type addCategoryInput struct {
	rest.Command
	Body struct {
		Code        string `json:"code" pattern:"^[a-z][a-z0-9_]{0,31}$" maxLength:"32" doc:"Stable: the rules of the desk refer to it."`
		Name        string `json:"name" minLength:"1" maxLength:"100"`
		MonthsValid int    `json:"months_valid,omitempty" minimum:"1" maximum:"1200" doc:"How long a new membership lasts, and a renewal. Left out: it does not expire."`
		Default     bool   `json:"default,omitempty" doc:"true: given to members for whom none is named, in place of the one that was."`
	}
}

type addedCategory struct {
	Location string `header:"Location"`
	Body     categoryView
}

func (o *operations) addCategory(ctx context.Context, in *addCategoryInput) (*addedCategory, error) {
	c, err := o.service.AddCategory(ctx, members.Category{Code: in.Body.Code, Name: in.Body.Name, MonthsValid: in.Body.MonthsValid, Default: in.Body.Default}, in.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	return &addedCategory{Location: root + "/categories/" + url.PathEscape(c.Code), Body: showCategory(c)}, nil
}

// ByCode names a category in the path.
type ByCode struct {
	Code string `path:"code" maxLength:"32"`
}

type editCategoryInput struct {
	rest.Command
	ByCode
	Body struct {
		Name        change[string] `json:"name,omitempty" maxLength:"100"`
		MonthsValid change[int]    `json:"months_valid,omitempty" doc:"null: it does not expire. Memberships that run keep their last day."`
		Default     *bool          `json:"default,omitempty" doc:"true only: make another one the default to take it away."`
	}
}

type categoryOutput struct{ Body categoryView }

func (o *operations) editCategory(ctx context.Context, in *editCategoryInput) (*categoryOutput, error) {
	name, err := in.Body.Name.needed("body.name")
	if err != nil {
		return nil, err
	}
	c, err := o.service.EditCategory(ctx, in.Code, members.CategoryChange{Name: name, MonthsValid: in.Body.MonthsValid.orZero(), Default: in.Body.Default}, in.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	return &categoryOutput{showCategory(c)}, nil
}

type removeCategoryInput struct {
	rest.Command
	ByCode
}

func (o *operations) removeCategory(ctx context.Context, in *removeCategoryInput) (*noContent, error) {
	return &noContent{}, o.service.RemoveCategory(ctx, in.Code, in.IdempotencyKey)
}
