"""The page of the funnel."""

from django.urls import path

from publications.funnel.pages import views

app_name = "funnel"
urlpatterns = [
    path("funnel/", views.funnel, name="funnel"),
    path("funnel/distributions/suggest", views.suggest, name="suggest"),
]
