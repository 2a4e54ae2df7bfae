"""The list and forms of customers."""

app_name = "customers"
urlpatterns = []
