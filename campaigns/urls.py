"""The list and forms of campaigns and codes."""

app_name = "campaigns"
urlpatterns = []
