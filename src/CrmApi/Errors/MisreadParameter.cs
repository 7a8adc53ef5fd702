using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;

namespace CallCrm.CrmApi.Errors;

/// <summary>
/// Which parameter of the address a bare 400 is about. Endpoints compiled ahead answer it without a word when one that may be absent cannot be read.
/// </summary>
internal static class MisreadParameter
{
    public static ProblemHttpResult? Of(HttpContext http)
    {
        if (http.Response.StatusCode != StatusCodes.Status400BadRequest || http.GetEndpoint() is not { } endpoint) return null;
        foreach (var parameter in endpoint.Metadata.GetOrderedMetadata<IParameterBindingMetadata>())
        {
            if (!parameter.HasTryParse || http.Request.RouteValues.ContainsKey(parameter.Name)) continue;
            var type = parameter.ParameterInfo.ParameterType;
            type = Nullable.GetUnderlyingType(type) ?? type.GetElementType() ?? type;
            if (http.Request.Query[parameter.Name].Any(v => !string.IsNullOrEmpty(v) && !CanRead(type, v))) return Problems.Invalid(parameter.Name, $"expected {type.Name}");
        }

        return null;
    }

    static bool CanRead(Type type, string text)
    {
        if (type.IsEnum) return Enum.TryParse(type, text, ignoreCase: true, out _);
        var parse = type.GetMethod("TryParse", [typeof(string), typeof(IFormatProvider), type.MakeByRefType()]);
        return parse is not null ? (bool)parse.Invoke(null, [text, CultureInfo.InvariantCulture, null])!
            : type.GetMethod("TryParse", [typeof(string), type.MakeByRefType()])?.Invoke(null, [text, null]) is not false;
    }
}
