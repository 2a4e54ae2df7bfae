"""Automatic distributions: their list, what each waits for and does, and what it did."""

from django.urls import path

from publications.automation.pages import views

app_name = "automation"
urlpatterns = [
    path("automations/", views.automations, name="list"),
    path("automations/new", views.create, name="create"),
    path("automations/<dist:distribution_id>/", views.automation, name="automation"),
    path("automations/<dist:distribution_id>/rule", views.rule, name="rule"),
    path("automations/<dist:distribution_id>/codes", views.codes, name="codes"),
    path("automations/<dist:distribution_id>/message", views.message, name="message"),
    path("automations/<dist:distribution_id>/activate", views.activate, name="activate"),
    path("automations/<dist:distribution_id>/archive", views.archive, name="archive"),
    path("automations/<dist:distribution_id>/discard", views.discard, name="discard"),
]
