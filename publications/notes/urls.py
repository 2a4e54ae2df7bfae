"""Adding and deleting notes."""

from django.urls import path

from publications.notes.pages import views

app_name = "notes"
urlpatterns = [
    path("notes/<int:note_id>/delete", views.delete_note, name="delete"),
    path("notes/<str:thing>/add", views.add_note, name="add"),
]
