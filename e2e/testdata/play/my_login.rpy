init python:
    def my_login_try(form, signing_up):
        # The address is the user name. What the function returns closes the screen; None leaves it open.
        address = form["address"].strip()
        try:
            if signing_up:
                renpy_cloud.signup(address, form["password"], address)
                form["said"] = "Signed up. Open the link in the mail that comes now, then log in."
            else:
                renpy_cloud.login(address, form["password"])
                return address
        except renpy_cloud.RenpyCloudError as e:
            form["said"] = str(e)
        renpy.restart_interaction()

screen my_login():
    modal True
    # In a screen, not in the game's variables: those go into every save, and no password belongs there.
    default form = {"address": "", "password": "", "said": ""}
    default address = DictInputValue(form, "address")
    default password = DictInputValue(form, "password", default=False)
    frame:
        align (0.5, 0.5)
        padding (40, 40)
        vbox:
            xsize 600
            spacing 10
            button:
                key_events True
                action address.Enable()
                hbox:
                    text "E-mail address: "
                    input value address copypaste True
            button:
                key_events True
                action password.Enable()
                hbox:
                    text "Password: "
                    input value password mask "*" exclude "" copypaste True
            text "[form[said]!q]"
            textbutton "Log in" action Function(my_login_try, form, False)
            textbutton "Sign up" action Function(my_login_try, form, True)
            if cloud_saves.password_page:
                textbutton "Forgot your password?" action OpenURL(cloud_saves.password_page)
            textbutton "Play without the cloud" action Return("")

label before_main_menu:
    if not renpy_cloud.is_authenticated():
        call screen my_login
        $ cloud_saves.sync_at_main_menu(_return)
    return
