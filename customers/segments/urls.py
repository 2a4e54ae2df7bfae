"""Segments."""

from django.urls import path

from customers.segments.pages import views as segment_views

app_name = "segments"
urlpatterns = [
    path("customers/find", segment_views.find, name="find"),
    path("segments/", segment_views.segments, name="segments"),
    path("segments/new", segment_views.create_segment, name="create-segment"),
    path("segments/new-list", segment_views.create_static, name="create-static"),
    path("segments/count", segment_views.count_segment, name="count-segment"),
    path("segments/<seg:segment_id>/", segment_views.segment, name="segment"),
    path("segments/<seg:segment_id>/edit", segment_views.edit_segment, name="edit-segment"),
    path("segments/<seg:segment_id>/delete", segment_views.remove_segment, name="delete-segment"),
    path("segments/<seg:segment_id>/fill", segment_views.fill, name="fill-segment"),
    path("segments/<seg:segment_id>/add", segment_views.add_customer, name="add-to-segment"),
    path(
        "segments/<seg:segment_id>/customers/<cust:customer_id>/remove",
        segment_views.remove_customer,
        name="remove-from-segment",
    ),
]
