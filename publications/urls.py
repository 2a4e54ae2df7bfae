"""Home, search, the pages of a campaign, a code and a customer, publications and exports."""

app_name = "publications"
urlpatterns = []
