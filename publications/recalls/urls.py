"""Recalls, and what else is done with rows that were chosen in a list."""

from django.urls import path

from publications.recalls.pages import chosen, views

app_name = "recalls"
urlpatterns = [
    path("recalls/", views.recalls, name="list"),
    path("recalls/new", views.create, name="create"),
    path("chosen/send", chosen.send, name="send-chosen"),
    path("chosen/export", chosen.export, name="export-chosen"),
    path("recalls/<recall:recall_id>/", views.recall, name="recall"),
    path("recalls/<recall:recall_id>/tell", views.tell, name="tell"),
    path("recalls/<recall:recall_id>/file", views.file, name="file"),
    path("recalls/<recall:recall_id>/stop", views.stop, name="stop"),
    path("recalls/<recall:recall_id>/continue", views.resume, name="continue"),
    path("recalls/<recall:recall_id>/discard", views.discard, name="discard"),
]
